// renew-service.toml on SoftHSM, with the keys and certificates that two-tier.toml left.
#include "crypto/digest.hpp"
#include "surroundings.hpp"
#include "x509/certificate.hpp"

namespace sealwright::ceremonies::test {
namespace {

using sealwright::test::run_command;
using verifier::Verdict;

std::size_t count_of(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

// value_behind is the text in quotes behind the first key of this name behind a mark.
std::string value_behind(const std::string& text, const std::string& mark, const std::string& key) {
    const auto begin = text.find(key + " = \"", text.find(mark)) + key.size() + 4;
    return text.substr(begin, text.find('"', begin) - begin);
}

x509::Certificate certificate_in(const std::filesystem::path& file) {
    return x509::Certificate::parse_pem(read_whole(file)).value().front();
}

// Renewal is a site whose first ceremony was held, and bindings for renewals with what it left.
class Renewal {
public:
    Renewal() {
        QuietDesk desk;
        const auto outcome = site_.run(desk);
        if (!outcome) throw std::runtime_error(outcome.error().describe());
        head_ = outcome.value().head;
        const auto first = read_whole(site_.bindings());
        auto text = read_whole(site_.folder() / "bindings-renew.toml");
        text = replaced(text, "module_sha256 = \"" + std::string(64, '0') + "\"\nserial = \"7654321\"\n", "");
        text =
            replaced(text, "/opt/vendor/lib/libvendor-pkcs11.so", value_behind(first, "role = \"online\"", "module"));
        text = replaced(text, "online-2027", value_behind(first, "role = \"online\"", "label"));
        text = replaced(text, "prompt = true", "file = \"" + value_behind(first, "role = \"online\"", "{ file") + "\"");
        const auto keys = read_whole(first_artefact("signer-keys.toml"));
        for (const std::string key : {"issuing", "ocsp", "tls", "audit"}) {
            const auto id_begin = keys.rfind("id = \"", keys.find("name = \"" + key + "\"")) + 6;
            text = replaced(text, key + " = \"" + std::string(64, '0'), key + " = \"" + keys.substr(id_begin, 64));
        }
        for (const std::string name : {"root", "issuing"}) {
            const auto file = first_artefact(name + ".pem");
            text = replaced(text, name + ".pem\", sha256 = \"" + std::string(64, '0'),
                            (std::filesystem::path{"out/artefacts"} / name).string() + ".pem\", sha256 = \"" +
                                certificate_in(file).fingerprint().hex(),
                            "[certificates]");
        }
        write_whole(bindings(), text);
    }

    const Site& site() const noexcept { return site_; }
    const std::string& first_head() const noexcept { return head_; }
    std::filesystem::path first_artefact(const std::string& name) const { return site_.out() / "artefacts" / name; }
    std::filesystem::path script() const { return site_.folder() / "renew-service.toml"; }
    std::filesystem::path bindings() const { return site_.folder() / "renew.toml"; }

    // bindings_with are these bindings with one text changed, in a file of their own; @tls@ is the id of the TLS key.
    std::filesystem::path bindings_with(const std::string& from, const std::string& to,
                                        const std::string& mark = {}) const {
        const auto file = site_.folder() / "changed.toml";
        const auto text = read_whole(bindings());
        auto filled = to;
        if (filled.find("@tls@") != std::string::npos)
            filled = replaced(filled, "@tls@", value_behind(text, "[keys]", "\ntls"));
        write_whole(file, replaced(text, from, filled, mark));
        return file;
    }

    Result<CeremonyOutcome> hold(const std::filesystem::path& bindings, const std::filesystem::path& out) const {
        QuietDesk desk;
        const SystemClock clock;
        crypto::SystemRandom random;
        return ceremonies::run({{script(), bindings}, out, desk, clock, random});
    }
    std::filesystem::path fresh() const {
        static int count = 0;
        return site_.folder() / ("renewed-" + std::to_string(++count));
    }

private:
    Site site_;
    std::string head_;
};
const Renewal& renewal() {
    static const Renewal instance;
    return instance;
}

// One renewal that tests copy.
struct Renewed {
    std::filesystem::path out = renewal().fresh();
    std::string head;
    Renewed() {
        const auto outcome = renewal().hold(renewal().bindings(), out);
        if (!outcome) throw std::runtime_error(outcome.error().describe());
        head = outcome.value().head;
    }
};
const Renewed& renewed() {
    static const Renewed instance;
    return instance;
}

TEST(Renewal, CertifiesTheSameKeysAnewAndBothCeremoniesAreValid) {
    const auto first = Bundle{renewal().site().out(), renewal().first_head()}.verify();
    EXPECT_EQ(first.verdict(), Verdict::valid) << first.human();
    const Bundle bundle{renewed().out, renewed().head};
    std::filesystem::copy_file(renewal().first_artefact("root.pem"), bundle.roots(),
                               std::filesystem::copy_options::overwrite_existing);
    const auto checks = bundle.verify();
    EXPECT_EQ(checks.verdict(), Verdict::valid) << checks.human();
    EXPECT_NE(checks.human().find("0 keys generated, 4 of earlier ceremonies found"), std::string::npos)
        << checks.human();

    const auto transcript = read_whole(renewed().out / "transcript/entries.jsonl");
    EXPECT_EQ(count_of(transcript, "\"op\":\"generate\""), 0U);
    EXPECT_EQ(count_of(transcript, "\"op\":\"find\""), 8U);
    EXPECT_EQ(count_of(transcript, "\"type\":\"evidence\""), 4U);
    for (const std::string name : {"ocsp.pem", "tls.pem"}) {
        const auto before = certificate_in(renewal().first_artefact(name)),
                   after = certificate_in(renewed().out / "artefacts" / name);
        EXPECT_EQ(before.fields().spki, after.fields().spki) << name;
        EXPECT_EQ(before.fields().subject_der, after.fields().subject_der) << name;
        EXPECT_NE(before.fields().serial, after.fields().serial) << name;
    }
}

TEST(Renewal, MakesWhatOpensslAccepts) {
    const auto first = renewal().first_artefact("").string(), artefacts = (renewed().out / "artefacts").string() + "/";
    run_command("openssl verify -x509_strict -CAfile " + first + "root.pem -untrusted " + first + "issuing.pem " +
                artefacts + "ocsp.pem");
    run_command("openssl verify -x509_strict -purpose sslserver -verify_hostname ca.example.org -CAfile " + first +
                "root.pem -untrusted " + artefacts + "tls-chain.pem " + artefacts + "tls.pem");
    EXPECT_NE(run_command("openssl x509 -in " + artefacts + "ocsp.pem -noout -text").find("OCSP Signing"),
              std::string::npos);
}

TEST(Renewal, StartsItsValidityAtItsOwnTime) {
    const auto day = SystemClock{}.now() + std::chrono::hours{24 * 60};
    const auto out = renewal().fresh();
    const auto outcome = renewal().hold(
        renewal().bindings_with("mode = \"production\"", "mode = \"production\"\nsigning_time = " + to_rfc3339(day)),
        out);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    for (const std::string name : {"ocsp.pem", "tls.pem"}) {
        const auto certificate = certificate_in(out / "artefacts" / name);
        const auto& fields = certificate.fields();
        EXPECT_EQ(fields.not_before, day);
        EXPECT_EQ(fields.not_after, day + std::chrono::hours{24 * 90} - std::chrono::seconds{1});
    }
    const auto checks = Bundle{out, outcome.value().head}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::valid) << checks.human();
}

TEST(Renewal, CheckFindsNothingAndAsksNoToken) {
    crypto::SystemRandom random;
    const auto report = check({renewal().script(), renewal().bindings()}, SystemClock{}, random);
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_TRUE(report.value().ok()) << report.value().problems.front();
    EXPECT_EQ(report.value().keys, 0U);
    EXPECT_EQ(report.value().signatures, 3U);
    const auto printed = print({renewal().script(), renewal().bindings()});
    ASSERT_TRUE(printed) << printed.error().describe();
    EXPECT_EQ(
        count_of(printed.value().text, certificate_in(renewal().first_artefact("issuing.pem")).fingerprint().hex()),
        1U);
}

struct OtherBinding {
    const char* name;
    std::string mark, from, to;
    ErrorCode code;
    bool begun;  // a token was asked, and what is left is evidence
};
class OtherBindings : public ::testing::TestWithParam<OtherBinding> {};

TEST_P(OtherBindings, EndTheCeremonyBeforeAnythingIsSigned) {
    const auto& changed = GetParam();
    const auto out = renewal().fresh();
    const auto outcome = renewal().hold(renewal().bindings_with(changed.from, changed.to, changed.mark), out);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), changed.code) << outcome.error().describe();
    ASSERT_EQ(std::filesystem::exists(out), changed.begun);
    if (!changed.begun) return;
    EXPECT_EQ(count_of(read_whole(out / "transcript/entries.jsonl"), "\"op\":\"sign\""), 0U);
    const auto checks = Bundle{out, {}}.verify(false);
    EXPECT_EQ(checks.verdict(), Verdict::incomplete) << checks.human();
}

INSTANTIATE_TEST_SUITE_P(
    All, OtherBindings,
    ::testing::Values(
        OtherBinding{"KeyThatIsNotThere", "[keys]", "ocsp = \"", "ocsp = \"" + std::string(64, 'e') + "\" # ",
                     ErrorCode::not_found, true},
        OtherBinding{"KeyOfAnotherLabel", "[keys]", "ocsp = \"", "ocsp = \"@tls@\" # ", ErrorCode::denied, true},
        OtherBinding{"IssuingOfAnotherKey", "[keys]", "issuing = \"", "issuing = \"@tls@\" # ", ErrorCode::config,
                     false},
        OtherBinding{"AnotherCertificate", "[certificates]", "out/artefacts/issuing.pem", "out/artefacts/ocsp.pem",
                     ErrorCode::config, false},
        OtherBinding{"NoCertificate", "[certificates]", "issuing = {", "# issuing = {", ErrorCode::config, false},
        OtherBinding{"KeyTheScriptDoesNotKnow", "", "[keys]", "[keys]\nmore = \"" + std::string(64, 'e') + "\"",
                     ErrorCode::config, false}),
    [](const auto& tested) { return std::string{tested.param.name}; });

struct Substitution {
    const char* name;
    const char* file;
    std::string mark, from, to;
    const char* expected;
};
class RenewalSubstituted : public ::testing::TestWithParam<Substitution> {};

TEST_P(RenewalSubstituted, IsInvalidThoughItsDigestsAgree) {
    const auto& changed = GetParam();
    const Bundle bundle{renewed().out, renewed().head};
    const auto good = read_whole(bundle.path() / changed.file);
    const auto bad = replaced(good, changed.from, changed.to, changed.mark);
    write_whole(bundle.path() / changed.file, bad);
    // The digest of a file can stand in more than one record.
    const auto transcript = bundle.path() / "transcript/entries.jsonl";
    const auto digest = crypto::sha256(view_of(good)).hex(), forged = crypto::sha256(view_of(bad)).hex();
    for (auto text = read_whole(transcript); text.find(digest) != std::string::npos; text = read_whole(transcript))
        write_whole(transcript, replaced(text, digest, forged));
    const auto checks = bundle.verify(false);
    EXPECT_EQ(checks.verdict(), Verdict::invalid) << checks.human();
    EXPECT_NE(checks.human().find(changed.expected), std::string::npos) << checks.human();
}

INSTANTIATE_TEST_SUITE_P(
    All, RenewalSubstituted,
    ::testing::Values(
        Substitution{"OtherKeyInBindings", "bindings.toml", "[keys]", "ocsp = \"",
                     "ocsp = \"" + std::string(64, 'e') + "\" # ",
                     "the key of step 'ocsp-key' is another key than the bindings name"},
        Substitution{"OtherCertificateInBindings", "bindings.toml", "\nissuing = {", "sha256 = \"",
                     "sha256 = \"" + std::string(64, 'e') + "\" } # ",
                     "artefacts/issuing.pem: is another certificate than the bindings name"},
        Substitution{"OtherLabel", "script.toml", "", "label = \"ocsp-signer\"", "label = \"ocsp\"",
                     "the key of step 'ocsp-key' has another label than in the script"},
        Substitution{"OtherKind", "script.toml", "label = \"ocsp-signer\"", "EC-P256", "EC-P384",
                     "the key of step 'ocsp-key' is of another kind than in the script"},
        Substitution{"GenerateInstead", "script.toml", "id = \"ocsp-key\"", "p11.find", "p11.generate",
                     "the key of step 'ocsp-key' was found where the script finds none"},
        Substitution{"IssuingOfAnotherKey", "script.toml", "certificate = \"issuing\"", "key = \"issuing-key\"",
                     "key = \"tls-key\"", "artefacts/issuing.pem: is of another key than the script names"},
        Substitution{"IssuingUnderNobody", "script.toml", "certificate = \"issuing\"", "issuer = \"root\"\n", "",
                     "artefacts/issuing.pem: names another issuer than the script"},
        Substitution{"OtherProfile", "profiles/ocsp.toml", "", "90d", "91d",
                     "artefacts/ocsp.pem: is valid at other times than the profile gives"},
        Substitution{"FoundOtherThanAsked", "transcript/entries.jsonl", "",
                     R"("label":"ocsp-signer","op":"find","template")",
                     R"("label":"ocsp-signeR","op":"find","template")", "has another label than was asked for"},
        Substitution{"Extractable", "evidence/ocsp-key.json", R"("attribute":"CKA_EXTRACTABLE","object":"private")",
                     R"("value":"false")", R"("value":"falsy")",
                     "the key of step 'ocsp-key': CKA_EXTRACTABLE is falsy"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace sealwright::ceremonies::test
