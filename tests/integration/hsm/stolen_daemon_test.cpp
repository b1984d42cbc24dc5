// A daemon was taken over. What it gets from the signer: certificates inside the limits of their keys, each in a
// journal that it cannot alter, and nothing else. Each attempt stands beside the accepted request that differs in one
// thing; every limit that docs/operations/signer.md names is attempted, or the test fails.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/random.hpp"
#include "hsm/signer_process/journal.hpp"
#include "protocol_octets.hpp"
#include "signer_house.hpp"
#include "stolen_daemon.hpp"
#include "x509/name.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::JournaledIntent;
using test::Reply;
using test::SignerHouse;
using test::SignerProcess;
using test::StolenDaemon;
using ::testing::HasSubstr;

const std::string kProgram =
    std::getenv("SEALWRIGHT_TEST_SIGNER") == nullptr ? "" : std::getenv("SEALWRIGHT_TEST_SIGNER");
const NodeId kNode = NodeId::from_hex_text("000102030405060708090a0b0c0d0e0f").value();
constexpr int kMostCheckpoints = 20;  // of the audit key in an hour
const Bytes kAuthority(20, 7), kOtherAuthority(20, 8);

UtcTime now() { return SystemClock{}.now(); }

NameDer name_of(const char* text) { return x509::encode_name(x509::parse_name_text(text).value()).value(); }

// elements_of and sequence_of take a SEQUENCE apart and put it together again, for what no builder of ours would build.
std::vector<Bytes> elements_of(ByteView der) {
    asn1::DerReader outer{der};
    auto inner = outer.enter(asn1::kSequence).value();
    std::vector<Bytes> elements;
    while (!inner.at_end()) elements.push_back(bytes_of(inner.next().value().encoding));
    return elements;
}
Bytes sequence_of(const std::vector<Bytes>& elements) {
    asn1::DerWriter out;
    out.sequence([&] {
        for (const Bytes& element : elements) out.raw(element);
    });
    return out.take();
}
Bytes with_element(ByteView der, std::size_t index, Bytes encoding) {
    auto elements = elements_of(der);
    elements.at(index) = std::move(encoding);
    return sequence_of(elements);
}
Bytes integer(const Bytes& content) {
    asn1::DerWriter out;
    out.primitive(asn1::kInteger, content);
    return out.take();
}

// Ask is what the daemon wants signed. accepted and refused differ in one thing.
struct Ask {
    std::string key;
    Purpose purpose = Purpose::certificate;
    Bytes tbs;
    std::optional<crypto::SignatureAlgorithm> algorithm = std::nullopt;
    std::optional<IntentId> intent = std::nullopt;
    std::optional<KeyId> id = std::nullopt;
};

class Stolen : public ::testing::Test {
protected:
    static void SetUpTestSuite() { house_ = new SignerHouse; }
    static void TearDownTestSuite() { delete house_; }

    void SetUp() override {
        std::filesystem::remove(house().journal());
        configure();
    }

    static SignerHouse& house() { return *house_; }

    void start() { ASSERT_TRUE(signer_.start(kProgram, house().config())) << "exit status " << signer_.wait(); }

    // configure writes limits of every kind; extra goes in front of the tables, mode is the socket's.
    static void configure(const std::string& extra = {}, const std::string& mode = "0600",
                          const std::string& origin = "ca.test/audit") {
        house().write_config();
        std::string text = test::read_text(house().config());
        const std::string head = text.substr(0, text.find("[[key]]"));
        const std::string issuer = crypto::sha256(SignerHouse::issuer_name()).hex();
        const auto key = [&](const std::string& name, const std::string& purposes, const std::string& algorithm) {
            return "\n[[key]]\nid = \"" + house().key(name).id.hex() + "\"\nname = \"" + name + "\"\npurposes = [" +
                   purposes + "]\nalgorithms = [\"" + algorithm + "\"]\n";
        };
        const std::string bound =
            "issuer_sha256 = \"" + issuer + "\"\nauthority_key_identifier = \"" + to_hex(kAuthority) + "\"\n";
        std::string all = head;
        all.insert(all.find("\n[token]"), "\n" + extra);
        all.replace(all.find("\"0600\""), 6, "\"" + mode + "\"");
        all += key("issuing", R"("certificate", "crl", "csr")", "ecdsa-sha256") + "[key.certificate]\n" + bound +
               "max_validity = \"90d\"\nmax_backdate = \"1h\"\n[key.crl]\n" + bound + "max_validity = \"10d\"\n";
        all += key("rsa", R"("certificate", "cms", "cmp")", "rsa-pkcs1-sha256") + "[key.certificate]\n" + bound +
               "ca = true\nmax_path_length = 1\nmax_validity = \"3650d\"\nocsp_signing = true\n" +
               "[key.cms]\ncontent_types = [\"1.2.840.113549.1.7.1\", \"1.2.840.113549.1.7.2\"]\n[key.cmp]\nrequests = "
               "true\n";
        all += key("ocsp", R"("ocsp")", "ecdsa-sha256") + "[key.ocsp]\nmax_validity = \"2d\"\nmax_backdate = \"30m\"\n";
        all += key("audit", R"("checkpoint")", "ed25519") + "max_per_hour = " + std::to_string(kMostCheckpoints) +
               "\n[key.checkpoint]\norigin = \"" + origin + "\"\nmax_step = 1000\n";
        all += key("tls", R"("tls")", "ecdsa-sha384");
        all += key("messages", R"("cms", "cmp")", "ecdsa-sha256") +
               "[key.cms]\ncontent_types = [\"1.2.840.113549.1.7.1\"]\n[key.cmp]\nrequests = false\n";
        all += "\n[[key]]\nid = \"" + house().key("opener").id.hex() +
               "\"\nname = \"opener\"\npurposes = [\"decrypt\"]\n[key.decrypt]\nschemes = [\"rsa-oaep\"]\n";
        test::write_text(house().config(), all);
    }

    // What is asked for: honest unless change makes it otherwise.
    static Ask certificate(const std::function<void(x509::TbsCertificateFields&)>& change = {},
                           const std::string& key = "issuing") {
        x509::TbsCertificateFields fields;
        crypto::SystemRandom random;
        fields.serial = crypto::random_serial(random);
        fields.signature_algorithm = crypto::default_algorithm(house().key(key).public_key.type());
        fields.issuer = NameDer{SignerHouse::issuer_name()};
        fields.subject = name_of("CN=leaf.example");
        fields.not_before = now();
        fields.not_after = now() + hours{24 * 30};
        fields.spki = house().key("ocsp").public_key.spki();
        fields.extensions = {authority(kAuthority), usage(x509::kDigitalSignature)};
        if (change) change(fields);
        return {key, Purpose::certificate, x509::build_tbs_certificate(fields).bytes()};
    }
    static Ask ca_certificate(const std::optional<std::uint32_t>& path_length, const std::string& key = "rsa",
                              x509::KeyUsage bits = x509::kKeyCertSign | x509::kCrlSign, bool is_critical = true) {
        return certificate(
            [&](auto& fields) {
                fields.extensions = {authority(kAuthority), usage(bits), constraints(true, path_length, is_critical)};
            },
            key);
    }
    static x509::Extension authority(const Bytes& id) {
        return {bytes_of(asn1::oid::kAuthorityKeyIdentifier), false, x509::encode_authority_key_identifier(id)};
    }
    static x509::Extension usage(x509::KeyUsage bits) {
        return {bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(bits)};
    }
    static x509::Extension constraints(bool ca, std::optional<std::uint32_t> path_length, bool is_critical) {
        x509::BasicConstraints value;
        value.ca = ca;
        value.path_length = path_length;
        return {bytes_of(asn1::oid::kBasicConstraints), is_critical, x509::encode_basic_constraints(value)};
    }
    static x509::Extension purposes(ByteView oid) {
        return {bytes_of(asn1::oid::kExtKeyUsage), false, x509::encode_ext_key_usage({bytes_of(oid)})};
    }
    static Ask with(Ask ask, Bytes tbs) {
        ask.tbs = std::move(tbs);
        return ask;
    }

    Ask crl(const std::function<void(x509::CrlFields&)>& change = {}) {
        x509::CrlFields fields;
        fields.signature_algorithm = crypto::default_algorithm(crypto::KeyType::ec_p256);
        fields.issuer = NameDer{SignerHouse::issuer_name()};
        fields.this_update = now();
        fields.next_update = now() + hours{24};
        fields.authority_key_identifier = kAuthority;
        fields.number = ++crl_number_;
        if (change) change(fields);
        return {"issuing", Purpose::crl, x509::CrlBuilder{}.build(fields).bytes()};
    }
    // crl_with has one more extension than the builder writes.
    Ask crl_with(const x509::Extension& extension) {
        Ask ask = crl();
        auto elements = elements_of(ask.tbs);
        asn1::DerReader wrapper{elements.back()};
        const auto inner = wrapper.next().value();
        auto extensions = elements_of(inner.content);
        const Bytes list = x509::encode_extensions({extension});
        for (const Bytes& each : elements_of(list)) extensions.push_back(each);
        asn1::DerWriter out;
        out.constructed(asn1::context_constructed(0), [&] { out.raw(sequence_of(extensions)); });
        elements.back() = out.take();
        ask.tbs = sequence_of(elements);
        return ask;
    }
    static Ask ocsp(const std::function<void(x509::OcspResponseFields&)>& change = {}) {
        asn1::DerWriter id;
        id.sequence([&] {
            id.sequence([&] { id.oid(asn1::oid::kSha1).null(); });
            id.octet_string(Bytes(20, 1)).octet_string(Bytes(20, 2)).integer(77);
        });
        x509::OcspResponseFields fields;
        fields.responder_key_hash =
            crypto::digest(crypto::DigestAlgorithm::sha1, house().key("ocsp").public_key.public_bits());
        fields.produced_at = now();
        fields.responses.push_back({id.take(), x509::OcspGood{}, now(), now() + hours{24}});
        if (change) change(fields);
        return {"ocsp", Purpose::ocsp, x509::build_response_data(fields)};
    }
    static Ask checkpoint(std::uint64_t size, std::uint8_t root = 1, const std::string& origin = "ca.test/audit") {
        const std::string text = origin + "\n" + std::to_string(size) + "\n" + to_base64(Bytes(32, root)) + "\n";
        return {"audit", Purpose::checkpoint, bytes_of(view_of(text))};
    }
    static Ask csr(const std::string& about) { return {"issuing", Purpose::csr, house().csr_info(about)}; }
    static Ask tls(const std::string& context = "TLS 1.3, server CertificateVerify", std::size_t hash = 48) {
        const std::string text = std::string(64, ' ') + context + std::string(1, '\0') + std::string(hash, '9');
        return {"tls", Purpose::tls, bytes_of(view_of(text))};
    }

    static Ask cms(Bytes attributes, const std::string& key = "messages") {
        return {key, Purpose::cms, std::move(attributes)};
    }
    // cmp is an answer, protected by what its key signs with, unless change makes it otherwise.
    static Ask cmp(const std::function<void(test::ProtectedPart&)>& change = {}, const std::string& key = "messages") {
        test::ProtectedPart part{crypto::default_algorithm(house().key(key).public_key.type())};
        if (change) change(part);
        return {key, Purpose::cmp, test::protected_part(part)};
    }

    SignHead head_of(const Ask& ask) {
        crypto::SystemRandom random;
        SignHead head;
        head.key = ask.id.value_or(house().key(ask.key).id);
        head.purpose = ask.purpose;
        head.algorithm = ask.algorithm.value_or(crypto::default_algorithm(house().key(ask.key).public_key.type()));
        head.intent = ask.intent.value_or(crypto::random_id<IntentId>(random));
        head.deadline_ms = 10000;
        return head;
    }

    // is_signed notes what was signed: at the end the journal must hold just that.
    bool is_signed(const Ask& ask, const SignHead& head, const Reply& reply) {
        if (reply.signature.empty()) return false;
        EXPECT_TRUE(house().key(ask.key).public_key.verify(head.algorithm, ask.tbs, reply.signature));
        signed_[head.intent] =
            JournaledIntent{head.key, head.purpose, crypto::sha256(ask.tbs), crypto::sha256(reply.signature)};
        return true;
    }
    Reply sign(StolenDaemon& daemon, const Ask& ask) {
        const SignHead head = head_of(ask);
        const Reply reply = daemon.sign(head, ask.tbs);
        is_signed(ask, head, reply);
        return reply;
    }
    void expect_signed(StolenDaemon& daemon, const Ask& ask, const std::string& what = {}) {
        const Reply reply = sign(daemon, ask);
        EXPECT_FALSE(reply.signature.empty()) << what << ": " << reply.detail;
    }
    // attempt: the refused first, then what differs in one thing. limit is what the manual calls it.
    void attempt(StolenDaemon& daemon, const std::string& limit, const std::string& what, const Ask& refused,
                 const Ask& accepted, std::optional<ErrorCode> code = std::nullopt) {
        attempted_.insert(limit);
        const Reply reply = sign(daemon, refused);
        EXPECT_TRUE(reply.signature.empty()) << limit << ", " << what << " was SIGNED";
        EXPECT_FALSE(reply.closed) << limit << ", " << what;
        EXPECT_EQ(reply.code, code.value_or(reply.code)) << limit << ", " << what << ": " << reply.detail;
        expect_signed(daemon, accepted, limit + ", the neighbour of " + what);
    }

    // stop_and_compare ends the signer in order and compares its journal with what the daemon got.
    void stop_and_compare() {
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
        EXPECT_EQ(test::signed_in_journal(house().journal()), signed_);
    }

    void attempt_keys(StolenDaemon& daemon);
    void attempt_certificates(StolenDaemon& daemon);
    void attempt_authority(StolenDaemon& daemon);
    void attempt_crls(StolenDaemon& daemon);
    void attempt_ocsp(StolenDaemon& daemon);
    void attempt_others(StolenDaemon& daemon);
    void attempt_cms(StolenDaemon& daemon);
    void attempt_cmp(StolenDaemon& daemon);
    void attempt_confusion(StolenDaemon& daemon);
    void attempt_decryption(StolenDaemon& daemon);
    void attempt_rate(StolenDaemon& daemon);

    static SignerHouse* house_;
    SignerProcess signer_;
    std::uint64_t crl_number_ = 0;
    std::uint64_t opened_ = 0;
    std::set<std::string> attempted_;
    std::map<IntentId, JournaledIntent> signed_;
};
SignerHouse* Stolen::house_ = nullptr;

void Stolen::attempt_keys(StolenDaemon& daemon) {
    Ask unknown = certificate();
    unknown.id = KeyId{};
    attempt(daemon, "id", "a key that has no table", unknown, certificate(), ErrorCode::not_found);
    Ask other = certificate();
    other.id = house().key("edwards").id;  // in the token, but without a table
    attempt(daemon, "id", "another key of the token", other, certificate(), ErrorCode::not_found);
    for (const char* key : {"ocsp", "audit", "tls"}) {
        Ask ask = certificate();
        ask.key = key;
        attempt(daemon, "purposes", std::string{"a certificate by the key "} + key, ask, certificate(),
                ErrorCode::denied);
    }
    Ask response = ocsp();
    response.key = "issuing";
    attempt(daemon, "purposes", "OCSP by the CA's key", response, ocsp(), ErrorCode::denied);
    Ask longer = certificate();
    longer.algorithm = longer.algorithm.value_or(crypto::default_algorithm(crypto::KeyType::ec_p256));
    longer.algorithm->digest = crypto::DigestAlgorithm::sha384;
    attempt(daemon, "algorithms", "SHA-384", longer, certificate(), ErrorCode::denied);
    Ask padded = ca_certificate(1);
    padded.algorithm = crypto::default_algorithm(crypto::KeyType::rsa);
    padded.algorithm->scheme = crypto::SignatureScheme::rsa_pss;
    attempt(daemon, "algorithms", "PSS", padded, ca_certificate(1), ErrorCode::denied);
}

void Stolen::attempt_certificates(StolenDaemon& daemon) {
    const auto denied = [&](const std::string& limit, const std::string& what,
                            const std::function<void(x509::TbsCertificateFields&)>& change,
                            const std::function<void(x509::TbsCertificateFields&)>& neighbour = {}) {
        attempt(daemon, limit, what, certificate(change), certificate(neighbour), ErrorCode::denied);
    };
    denied("certificate.issuer_sha256", "another issuer",
           [](auto& fields) { fields.issuer = name_of("CN=Signer Test CB,O=Sealwright"); });
    denied("certificate.authority_key_identifier", "another authority key",
           [](auto& fields) { fields.extensions[0] = authority(kOtherAuthority); });
    denied("certificate.authority_key_identifier", "none",
           [](auto& fields) { fields.extensions.erase(fields.extensions.begin()); });
    denied(
        "certificate.max_validity", "a second too long",
        [](auto& fields) { fields.not_after = fields.not_before + hours{24 * 90}; },
        [](auto& fields) { fields.not_after = fields.not_before + hours{24 * 90} - std::chrono::seconds{1}; });
    denied(
        "certificate.max_backdate", "a minute too far back",
        [](auto& fields) { fields.not_before = now() - minutes{61}; },
        [](auto& fields) { fields.not_before = now() - minutes{59}; });
    for (const ByteView oid : {asn1::oid::kOcspSigning, asn1::oid::kAnyExtendedKeyUsage}) {
        denied(
            "certificate.ocsp_signing", "an OCSP signer",
            [&](auto& fields) { fields.extensions.push_back(purposes(oid)); },
            [](auto& fields) { fields.extensions.push_back(purposes(asn1::oid::kServerAuth)); });
        expect_signed(daemon, certificate([&](auto& fields) { fields.extensions.push_back(purposes(oid)); }, "rsa"));
    }
    const std::string begins = "a certificate that begins more than ten minutes in the future or has ended";
    denied(
        begins, "eleven minutes ahead", [](auto& fields) { fields.not_before = now() + minutes{11}; },
        [](auto& fields) { fields.not_before = now() + minutes{9}; });
    denied(
        begins, "ended",
        [](auto& fields) {
            fields.not_before = now() - minutes{50};
            fields.not_after = now() - minutes{1};
        },
        [](auto& fields) {
            fields.not_before = now() - minutes{50};
            fields.not_after = now() + minutes{1};
        });
    denied("a signature field inside that is not the algorithm asked for", "SHA-384 inside",
           [](auto& fields) { fields.signature_algorithm.digest = crypto::DigestAlgorithm::sha384; });
    const std::string serials = "serial numbers that are not positive or have more than 20 octets";
    const auto numbered = [&](const std::string& what, const Bytes& serial, const Bytes& neighbour) {
        const Ask ask = certificate(), other = certificate();
        attempt(daemon, serials, what, with(ask, with_element(ask.tbs, 1, integer(serial))),
                with(other, with_element(other.tbs, 1, integer(neighbour))));
    };
    numbered("zero", Bytes{0}, Bytes{1});
    numbered("negative", Bytes(16, 0x80), Bytes(16, 0x7f));
    numbered("of 21 octets", Bytes(21, 0x11), Bytes(20, 0x11));
    for (const Bytes& version : {Bytes{0xa0, 3, 2, 1, 1}, Bytes{0xa0, 3, 2, 1, 3}}) {
        const Ask ask = certificate();
        attempt(daemon, "another version than 3", "version", with(ask, with_element(ask.tbs, 0, version)),
                certificate());
    }
    const std::string strict = "a TBS that is not strict DER of its kind";
    const Ask honest = certificate();
    Bytes behind = honest.tbs, shorter = honest.tbs;
    behind.push_back(0);
    shorter.pop_back();
    attempt(daemon, strict, "an octet behind it", with(honest, behind), certificate());
    attempt(daemon, strict, "an octet too few", with(honest, shorter), certificate());
    attempt(daemon, strict, "a CRL as a certificate", with(honest, crl().tbs), certificate());
    attempt(daemon, strict, "one octet", with(honest, Bytes{0x30}), certificate());
    attempt(daemon, strict, "a serial that is not minimal",
            with(honest, with_element(honest.tbs, 1, integer(Bytes{0, 1}))), certificate());
    auto elements = elements_of(honest.tbs);
    elements.insert(elements.begin() + 7, Bytes{0x81, 2, 0, 1});
    attempt(daemon, strict, "unique identifiers", with(honest, sequence_of(elements)), certificate());
    attempt(daemon, strict, "an extension twice",
            certificate([](auto& fields) { fields.extensions.push_back(fields.extensions[0]); }), certificate());
    Ask streamed = honest;
    streamed.tbs = Bytes(70000, 0x30);
    attempt(daemon, strict, "a certificate in chunks", streamed, certificate(), ErrorCode::too_large);
}

void Stolen::attempt_authority(StolenDaemon& daemon) {
    attempt(daemon, "certificate.ca", "a CA by a key that may not", ca_certificate(0, "issuing"), ca_certificate(0),
            ErrorCode::denied);
    attempt(daemon, "certificate.max_path_length", "one longer", ca_certificate(2), ca_certificate(1),
            ErrorCode::denied);
    attempt(daemon, "certificate.max_path_length", "without end", ca_certificate(std::nullopt), ca_certificate(0),
            ErrorCode::denied);
    const std::string without = "keyCertSign or cRLSign without the CA bit";
    for (const x509::KeyUsage bits : {x509::kKeyCertSign, x509::kCrlSign}) {
        const auto leaf = [&](x509::KeyUsage more) {
            return certificate([&](auto& fields) { fields.extensions[1] = usage(x509::kDigitalSignature | more); },
                               "rsa");
        };
        attempt(daemon, without, "a leaf that signs", leaf(bits), leaf(x509::kKeyAgreement), ErrorCode::denied);
    }
    const std::string with_bit = "the CA bit without keyCertSign or in an extension that is not critical";
    attempt(daemon, with_bit, "without keyCertSign", ca_certificate(0, "rsa", x509::kCrlSign), ca_certificate(0),
            ErrorCode::denied);
    attempt(daemon, with_bit, "not critical", ca_certificate(0, "rsa", x509::kKeyCertSign | x509::kCrlSign, false),
            ca_certificate(0), ErrorCode::denied);
}

void Stolen::attempt_crls(StolenDaemon& daemon) {
    const auto denied = [&](const std::string& limit, const std::string& what,
                            const std::function<void(x509::CrlFields&)>& change,
                            const std::function<void(x509::CrlFields&)>& neighbour = {}) {
        const Ask bad = crl(change);
        attempt(daemon, limit, what, bad, crl(neighbour), ErrorCode::denied);
    };
    denied("crl.issuer_sha256", "another issuer",
           [](auto& fields) { fields.issuer = name_of("CN=Signer Test CB,O=Sealwright"); });
    denied("crl.authority_key_identifier", "another authority key",
           [](auto& fields) { fields.authority_key_identifier = kOtherAuthority; });
    denied(
        "crl.max_validity", "a second too long",
        [](auto& fields) { fields.next_update = fields.this_update + hours{240} + std::chrono::seconds{1}; },
        [](auto& fields) { fields.next_update = fields.this_update + hours{240}; });
    const std::string when = "a CRL whose thisUpdate is more than ten minutes ahead or an hour old";
    denied(
        when, "ahead", [](auto& fields) { fields.this_update = now() + minutes{11}; },
        [](auto& fields) { fields.this_update = now() + minutes{9}; });
    denied(
        when, "old", [](auto& fields) { fields.this_update = now() - minutes{61}; },
        [](auto& fields) { fields.this_update = now() - minutes{59}; });
    const std::string number = "whose number is not greater than the last one of this key and issuer";
    const auto at = [&](std::uint64_t value) { return crl([&](auto& fields) { fields.number = value; }); };
    expect_signed(daemon, at(1000));
    attempt(daemon, number, "the same number", at(1000), at(1001), ErrorCode::conflict);
    attempt(daemon, number, "a lower one", at(999), at(1002), ErrorCode::conflict);
    attempt(daemon, "a CRL number at most 2^20 above", "numbers used up", at(1002 + (1U << 20U) + 1),
            at(1002 + (1U << 20U)));
    crl_number_ = 1002 + (1U << 20U);
    const std::string delta = "a delta or indirect CRL";
    asn1::DerWriter base;
    base.integer(1);
    attempt(daemon, delta, "delta", crl_with({bytes_of(asn1::oid::kDeltaCrlIndicator), true, base.take()}), crl());
    x509::IssuingDistributionPoint point;
    point.indirect = true;
    attempt(daemon, delta, "indirect",
            crl_with(
                {bytes_of(asn1::oid::kIssuingDistributionPoint), true, x509::encode_issuing_distribution_point(point)}),
            crl());
    const std::string unknown = "an unknown critical extension";
    const Bytes oid{0x2a, 0x03, 0x04};
    const Ask critical = crl_with({oid, true, Bytes{5, 0}});
    attempt(daemon, unknown, "critical", critical, crl_with({oid, false, Bytes{5, 0}}));
}

void Stolen::attempt_ocsp(StolenDaemon& daemon) {
    attempt(daemon, "ocsp.max_validity", "too long",
            ocsp([](auto& fields) { fields.responses[0].next_update = now() + hours{49}; }),
            ocsp([](auto& fields) { fields.responses[0].next_update = now() + hours{47}; }), ErrorCode::denied);
    attempt(daemon, "ocsp.max_validity", "for ever",
            ocsp([](auto& fields) { fields.responses[0].next_update.reset(); }), ocsp(), ErrorCode::denied);
    attempt(daemon, "ocsp.max_backdate", "too old",
            ocsp([](auto& fields) { fields.produced_at = now() - minutes{31}; }),
            ocsp([](auto& fields) { fields.produced_at = now() - minutes{29}; }), ErrorCode::denied);
    attempt(daemon, "an OCSP response by another responder key than the one that signs", "in the CA's name",
            ocsp([](auto& fields) {
                fields.responder_key_hash =
                    crypto::digest(crypto::DigestAlgorithm::sha1, house().key("issuing").public_key.public_bits());
            }),
            ocsp(), ErrorCode::denied);
}

void Stolen::attempt_others(StolenDaemon& daemon) {
    expect_signed(daemon, checkpoint(100));
    attempt(daemon, "checkpoint.origin", "another log", checkpoint(101, 1, "cb.test/audit"), checkpoint(101),
            ErrorCode::denied);
    attempt(daemon, "a checkpoint whose tree shrinks", "smaller", checkpoint(100), checkpoint(102),
            ErrorCode::conflict);
    attempt(daemon, "or has another root than the one signed for its size", "a fork", checkpoint(102, 2),
            checkpoint(102), ErrorCode::conflict);
    attempt(daemon, "checkpoint.max_step", "sizes used up", checkpoint(102 + 1000 + 1), checkpoint(102 + 1000),
            ErrorCode::denied);
    attempt(daemon, "a certification request about another key", "tls", csr("tls"), csr("issuing"), ErrorCode::denied);
    const std::string verify = "anything for TLS but a TLS 1.3 server's CertificateVerify";
    attempt(daemon, verify, "a client's", tls("TLS 1.3, client CertificateVerify"), tls(), ErrorCode::denied);
    attempt(daemon, verify, "another length", tls("TLS 1.3, server CertificateVerify", 47),
            tls("TLS 1.3, server CertificateVerify", 32), ErrorCode::denied);
    attempt(daemon, verify, "a certificate", {"tls", Purpose::tls, certificate().tbs}, tls(), ErrorCode::denied);
    attempted_.insert("tls");  // a table without keys: what stands above is all that it allows
}

void Stolen::attempt_cms(StolenDaemon& daemon) {
    using test::attribute_set, test::content_type_attribute, test::message_digest_attribute, test::signed_attributes;
    attempt(daemon, "cms.content_types", "signed data by a key for data", cms(signed_attributes(test::kSignedDataType)),
            cms(signed_attributes(test::kDataType)), ErrorCode::denied);
    expect_signed(daemon, cms(signed_attributes(test::kSignedDataType), "rsa"), "a key for both types");
    const std::string limit =
        "for CMS anything but signed attributes (a sorted SET OF with content type and a digest of SHA-256, -384 or "
        "-512): content that is signed without attributes could be anything";
    const Bytes type = content_type_attribute(), digest = message_digest_attribute(), honest = signed_attributes();
    const auto refused = [&](const std::string& what, Bytes bad, std::optional<ErrorCode> code = std::nullopt) {
        attempt(daemon, limit, what, cms(std::move(bad)), cms(honest), code);
    };
    refused("content without attributes", bytes_of(view_of("to whom it may concern")));
    refused("no attributes", attribute_set({}));
    refused("not in DER's order", attribute_set({digest, type}));
    refused("no digest", attribute_set({type}));
    refused("no content type", attribute_set({digest}));
    refused("an attribute twice", attribute_set({type, type, digest}));
    refused("a digest of SHA-1", signed_attributes(test::kDataType, 20), ErrorCode::denied);
    for (const std::size_t size : {48U, 64U}) expect_signed(daemon, cms(signed_attributes(test::kDataType, size)));
    for (const std::uint8_t tag : Bytes{0x30, 0xA0}) {  // a SEQUENCE, and [0] IMPLICIT as it stands in a SignerInfo
        Bytes other = honest;
        other[0] = tag;
        refused("another tag", other);
    }
    Bytes longer = honest;
    longer.push_back(0);
    refused("an octet behind it", longer);
    // As many attributes as may be (32), and one more; none stands there twice.
    const auto many = [&](std::uint8_t count) {
        std::vector<Bytes> all;
        for (std::uint8_t i = 2; i < count; ++i) all.push_back(test::cms_attribute(Bytes{0x2a, 3, i}, Bytes{5, 0}));
        all.push_back(type);
        all.push_back(digest);
        return attribute_set(all);
    };
    attempt(daemon, limit, "33 attributes", cms(many(33)), cms(many(32)), ErrorCode::too_large);
    refused("in chunks", Bytes(70000, 0x31), ErrorCode::too_large);
}

void Stolen::attempt_cmp(StolenDaemon& daemon) {
    // ir, cr, p10cr, popdecr, kur, krr, rr, ccr, certConf, genm, pollReq (RFC 9810 5.1.2).
    for (const unsigned body : {0U, 2U, 4U, 6U, 7U, 9U, 11U, 13U, 21U, 24U, 25U}) {
        const auto request = [&](auto& part) { part.bodies = {body}; };
        attempt(daemon, "cmp.requests", "what a client sends: " + std::to_string(body), cmp(request),
                cmp(request, "rsa"), ErrorCode::denied);
    }
    for (const unsigned answer : {1U, 3U, 8U, 12U, 19U, 23U, 26U})
        expect_signed(daemon, cmp([&](auto& part) { part.bodies = {answer}; }), std::to_string(answer));
    const std::string version = "for CMP anything but a header of version 2 or 3";
    for (const std::uint64_t other : {1U, 4U}) {
        attempt(daemon, version, "version " + std::to_string(other), cmp([&](auto& part) { part.version = other; }),
                cmp([](auto& part) { part.version = 3; }));
    }
    attempt(daemon, version, "no header", {"messages", Purpose::cmp, Bytes{0x30, 0}}, cmp());
    const std::string protection = "whose protection algorithm is the one asked for";
    attempt(daemon, protection, "SHA-384",
            cmp([](auto& part) { part.algorithm->digest = crypto::DigestAlgorithm::sha384; }), cmp(),
            ErrorCode::denied);
    attempt(daemon, protection, "none", cmp([](auto& part) { part.algorithm.reset(); }), cmp());
    const std::string body = "and one body";
    attempt(daemon, body, "none", cmp([](auto& part) { part.bodies.clear(); }), cmp());
    attempt(daemon, body, "two", cmp([](auto& part) { part.bodies = {1, 1}; }), cmp());
    attempt(daemon, body, "of no known kind", cmp([](auto& part) { part.bodies = {27}; }), cmp());
}

// attempt_confusion offers what one purpose signs to the purposes of messages, and messages to the others.
void Stolen::attempt_confusion(StolenDaemon& daemon) {
    const std::string limit =
        "What passes as a certificate, list, request, OCSP response, checkpoint or handshake passes as neither of "
        "these";
    const Ask messages[] = {cms(test::signed_attributes()), cmp()};
    const std::pair<const char*, Ask> others[] = {{"a certificate", certificate()}, {"a list", crl()},
                                                  {"a request", csr("issuing")},    {"an OCSP response", ocsp()},
                                                  {"a checkpoint", checkpoint(5)},  {"a handshake", tls()}};
    for (const Ask& message : messages) {
        for (const auto& [what, other] : others) attempt(daemon, limit, what, with(message, other.tbs), message);
    }
    attempt(daemon, limit, "attributes as a message", with(messages[1], messages[0].tbs), messages[1]);
    attempt(daemon, limit, "a message as attributes", with(messages[0], messages[1].tbs), messages[0]);
    for (const Ask& message : messages) {
        for (const Ask& other : {certificate(), crl(), csr("issuing"), ocsp(), tls()})
            attempt(daemon, limit, "a message as something else", with(other, message.tbs), other);
        attempt(daemon, limit, "a message as a certificate of a key that signs both",
                with(ca_certificate(0), message.tbs), ca_certificate(0));
    }
}

void Stolen::attempt_decryption(StolenDaemon& daemon) {
    const std::string content = "a content key of 32 octets......";
    const Bytes block =
        house().encrypted("opener", content, "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1");
    const auto open = [&](const std::function<void(DecryptRequest&)>& change = {}) {
        DecryptRequest request;
        request.key = house().key("opener").id;
        request.digest = crypto::DigestAlgorithm::sha1;
        request.input = block;
        if (change) change(request);
        return daemon.ask(Decrypt{request, 10000});
    };
    const auto denied = [&](const std::string& limit, const std::string& what,
                            const std::function<void(DecryptRequest&)>& change, ErrorCode code = ErrorCode::denied) {
        attempted_.insert(limit);
        const Reply reply = open(change);
        EXPECT_TRUE(reply.secret.empty()) << limit << ", " << what << " was OPENED";
        EXPECT_EQ(reply.code, code) << limit << ", " << what << ": " << reply.detail;
        const Reply neighbour = open();
        ++opened_;
        EXPECT_EQ(text_of(neighbour.secret), content) << limit << ", the neighbour of " << what << neighbour.detail;
    };
    denied("decrypt.schemes", "PKCS #1 v1.5 by a key for OAEP", [](auto& request) {
        request.scheme = DecryptScheme::rsa_pkcs1;
        request.secret_size = 32;
    });
    denied("decrypt.schemes", "agreement", [](auto& request) { request.scheme = DecryptScheme::ecdh; });
    denied("purposes", "a key that signs", [](auto& request) { request.key = house().key("rsa").id; });
    denied(
        "id", "a key that has no table", [](auto& request) { request.key = KeyId{}; }, ErrorCode::not_found);
    Ask signs = ca_certificate(0);
    signs.key = "opener";
    attempt(daemon, "purposes", "a signature by a key that decrypts", signs, ca_certificate(0), ErrorCode::denied);
}

// attempt_rate uses up what the audit key may sign in an hour; other keys go on.
void Stolen::attempt_rate(StolenDaemon& daemon) {
    std::uint64_t size = 1200;
    Reply last;
    for (int i = 0; i <= kMostCheckpoints; ++i) {
        last = sign(daemon, checkpoint(++size));
        if (last.signature.empty()) break;
    }
    EXPECT_EQ(std::count_if(signed_.begin(), signed_.end(),
                            [](const auto& entry) { return entry.second.purpose == Purpose::checkpoint; }),
              kMostCheckpoints);
    attempt(daemon, "max_per_hour", "one more", checkpoint(++size), certificate(), ErrorCode::overloaded);
}

TEST_F(Stolen, GetsNothingBeyondALimitAndEveryLimitOfTheManualIsAttempted) {
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    attempt_keys(daemon);
    attempt_certificates(daemon);
    attempt_authority(daemon);
    attempt_crls(daemon);
    attempt_ocsp(daemon);
    attempt_others(daemon);
    attempt_cms(daemon);
    attempt_cmp(daemon);
    attempt_confusion(daemon);
    attempt_decryption(daemon);
    attempt_rate(daemon);
    stop_and_compare();
    EXPECT_GT(signed_.size(), 120U);
    const std::map<KeyId, std::uint64_t> opened{{house().key("opener").id, opened_}};
    EXPECT_EQ(test::opened_in_journal(house().journal()), opened);  // and nothing that was refused

    // For logs; where a key lies; what its token must say of it: none of them limits what it signs.
    attempted_.insert({"name", "locations", "evidence"});
    for (const std::string& limit : test::documented_limits())
        EXPECT_TRUE(attempted_.contains(limit))
            << "docs/operations/signer.md names a limit that nobody attempts: " << limit;
    std::string manual = test::read_text("docs/operations/signer.md");
    std::replace(manual.begin(), manual.end(), '\n', ' ');
    for (const std::string& limit : attempted_) {
        const auto key = limit.substr(limit.find('.') + 1);
        EXPECT_THAT(manual, HasSubstr(key)) << "attempted, but not in the manual";
    }
}

TEST_F(Stolen, GetsNoIntentSignedTwiceNotEvenAfterAKill) {
    start();
    Ask ask = certificate();
    crypto::SystemRandom random;
    ask.intent = crypto::random_id<IntentId>(random);
    Ask same_intent = certificate();
    same_intent.intent = ask.intent;
    {
        StolenDaemon daemon{house().socket().string()};
        daemon.fence(kNode, 1);
        expect_signed(daemon, ask);
        EXPECT_EQ(daemon.sign(head_of(ask), ask.tbs).code, ErrorCode::conflict);
        EXPECT_EQ(daemon.sign(head_of(same_intent), same_intent.tbs).code, ErrorCode::conflict);
        signer_.kill(SIGKILL);
        signer_.wait();
    }
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    EXPECT_EQ(daemon.sign(head_of(ask), ask.tbs).code, ErrorCode::conflict);
    expect_signed(daemon, certificate());
    signer_.kill(SIGTERM);
    ASSERT_EQ(signer_.wait(), 0);
    auto journaled = test::signed_in_journal(house().journal());
    // The kill may have come before the first result was durable; the intent was.
    ASSERT_TRUE(journaled.contains(*ask.intent));
    journaled[*ask.intent].signature = signed_[*ask.intent].signature;
    EXPECT_EQ(journaled, signed_);
}

TEST_F(Stolen, CannotSpeakForABootThatIsFencedOffNorJumpAhead) {
    start();
    StolenDaemon old{house().socket().string()};
    EXPECT_FALSE(old.fence(kNode, 5).closed);
    expect_signed(old, certificate());
    StolenDaemon young{house().socket().string()};
    young.fence(kNode, 6);
    EXPECT_EQ(sign(old, certificate()).code, ErrorCode::denied);
    expect_signed(young, certificate());
    StolenDaemon late{house().socket().string()};
    EXPECT_EQ(late.fence(kNode, 5).code, ErrorCode::conflict);
    EXPECT_TRUE(sign(late, certificate()).signature.empty());
    // "a boot epoch at most 2^16": or one message would shut the true daemon out for ever.
    StolenDaemon jumper{house().socket().string()};
    EXPECT_NE(jumper.fence(kNode, 6 + 65536 + 1).detail, "");
    EXPECT_TRUE(sign(jumper, certificate()).signature.empty());
    expect_signed(young, certificate());
    StolenDaemon step{house().socket().string()};
    EXPECT_EQ(step.fence(kNode, 6 + 65536).detail, "");
    expect_signed(step, certificate());
    EXPECT_TRUE(sign(young, certificate()).signature.empty());
    stop_and_compare();
}

TEST_F(Stolen, SignsNoMoreInAnHourThanItsKeyMayNotEvenBehindARestart) {
    for (int run = 0; run < 2; ++run) {
        start();
        StolenDaemon daemon{house().socket().string()};
        daemon.fence(kNode, 1);
        std::size_t made = 0;
        for (std::uint64_t i = 1; i <= kMostCheckpoints + 5; ++i)
            made += sign(daemon, checkpoint(static_cast<std::uint64_t>(run) * 100 + i)).signature.empty() ? 0 : 1;
        EXPECT_EQ(made, run == 0 ? kMostCheckpoints : 0U);
        expect_signed(daemon, certificate(), "a key without that limit");
        stop_and_compare();
    }
}

TEST_F(Stolen, SpeaksForTheNodesOfTheConfigurationAlone) {
    configure("nodes = [\"" + kNode.hex() + "\"]\n");
    start();
    StolenDaemon stranger{house().socket().string()};
    EXPECT_EQ(stranger.fence(NodeId::from(Bytes(16, 2)).value(), 1).code, ErrorCode::denied);
    EXPECT_TRUE(sign(stranger, certificate()).signature.empty());
    StolenDaemon daemon{house().socket().string()};
    EXPECT_EQ(daemon.fence(kNode, 1).detail, "");
    expect_signed(daemon, certificate());
    stop_and_compare();
}

TEST_F(Stolen, CannotInventNodesOrBootsWithoutEnd) {
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    const auto node = [](unsigned number) {
        Bytes octets(16, 3);
        octets[0] = static_cast<std::uint8_t>(number);
        octets[1] = static_cast<std::uint8_t>(number >> 8U);
        return NodeId::from(octets).value();
    };
    std::size_t taken = 0;
    for (unsigned i = 0; i < 1000; ++i) taken += daemon.ask(Fence{node(i), BootEpoch{1}}).detail.empty() ? 1 : 0;
    EXPECT_EQ(taken, kMaxNodes - 1);
    // New boots of a node that is known: so many in a minute, and no record more. The minute may turn meanwhile, once.
    std::size_t boots = 0;
    for (std::uint64_t i = 2; i < 2000; ++i) boots += daemon.ask(Fence{node(0), BootEpoch{i}}).detail.empty() ? 1 : 0;
    EXPECT_GE(boots, kMaxFencesAMinute - kMaxNodes);
    EXPECT_LE(boots, 2 * kMaxFencesAMinute);
    EXPECT_LT(std::filesystem::file_size(house().journal()), 200'000U);
    expect_signed(daemon, certificate());
    stop_and_compare();
}

TEST_F(Stolen, CannotFillTheDiskWithRefusals) {
    const auto log = house().folder() / "flooded.log";
    signer_.log_to(log);
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    const auto begin = std::chrono::steady_clock::now();
    Ask unknown = certificate();
    unknown.id = KeyId{};
    for (int i = 0; i < 3000; ++i) EXPECT_EQ(sign(daemon, unknown).code, ErrorCode::not_found);
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
    expect_signed(daemon, certificate());
    stop_and_compare();
    EXPECT_LT(test::lines_of(log), 60U + 2 * static_cast<std::size_t>(seconds + 1));
    EXPECT_THAT(test::read_text(log), HasSubstr("refusals were left out"));
}

TEST_F(Stolen, SignerWhoseClockRanAheadGoesOnWhenAPersonSaysSo) {
    NullLog log;
    const std::string accept = kProgram + " --accept-clock --config " + house().config().string() + " > " +
                               (house().folder() / "accepted").string() + " 2>&1";
    EXPECT_NE(std::system(accept.c_str()), 0) << "there is no journal yet";
    EXPECT_FALSE(std::filesystem::exists(house().journal()));
    {
        const ManualClock ahead{now() + hours{24 * 365}};
        auto journal = Journal::open(house().journal(), ahead, log).value();
        ASSERT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{1}}));
        ASSERT_TRUE(journal->commit());
    }
    // A token's keys are proven by journaled challenges, which the clock stops as well: the signer waits for it, since
    // it may be set right, and signs nothing until then.
    start();
    {
        StolenDaemon early{house().socket().string()};
        early.fence(kNode, 1);
        EXPECT_EQ(sign(early, certificate()).code, ErrorCode::unavailable);
    }
    EXPECT_NE(std::system(accept.c_str()), 0) << "a signer that waits has the journal";
    signer_.kill(SIGTERM);
    ASSERT_EQ(signer_.wait(), 0);
    ASSERT_EQ(std::system(accept.c_str()), 0) << test::read_text(house().folder() / "accepted");
    EXPECT_THAT(test::read_text(house().folder() / "accepted"), HasSubstr("accepted the clock"));
    start();
    EXPECT_NE(std::system(accept.c_str()), 0) << "a signer that runs has the journal";
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    expect_signed(daemon, certificate());
    stop_and_compare();
    ASSERT_EQ(std::system(accept.c_str()), 0);
    EXPECT_THAT(test::read_text(house().folder() / "accepted"), HasSubstr("nothing was changed"));
}

// docs/operations/stolen-daemon.md: what the true daemon does when the thief is gone.
TEST_F(Stolen, LeavesNumbersBehindWhichTheTrueDaemonGoesOnByTheManual) {
    std::uint64_t epoch = 1;
    crl_number_ = 10;
    start();
    {
        StolenDaemon honest{house().socket().string()};
        honest.fence(kNode, epoch);
        expect_signed(honest, crl());
        expect_signed(honest, checkpoint(100));
        expect_signed(honest, certificate());
        // The thief takes all that one message can take, of each.
        StolenDaemon thief{house().socket().string()};
        EXPECT_EQ(thief.fence(kNode, epoch + (1U << 16U)).detail, "");
        expect_signed(thief, crl([&](auto& fields) { fields.number = 11 + (1U << 20U); }));
        expect_signed(thief, checkpoint(1100, 9));
    }
    // 1. The true daemon is refused, and told how far the signer is.
    epoch = 2;
    StolenDaemon refused{house().socket().string()};
    const Reply boot = refused.fence(kNode, epoch);
    EXPECT_EQ(boot.code, ErrorCode::conflict);
    EXPECT_THAT(boot.detail, HasSubstr("(65537)"));
    // 2. Its boot goes on behind that.
    StolenDaemon daemon{house().socket().string()};
    EXPECT_EQ(daemon.fence(kNode, 65537 + 1).detail, "");
    expect_signed(daemon, certificate());
    // 3. So does its CRL.
    crl_number_ = 11;
    const Reply list = sign(daemon, crl());
    EXPECT_EQ(list.code, ErrorCode::conflict);
    EXPECT_THAT(list.detail, HasSubstr("(" + std::to_string(11 + (1U << 20U)) + ")"));
    crl_number_ = 11 + (1U << 20U);
    expect_signed(daemon, crl());
    // 4. The log cannot: its sizes are what they are. It gets another origin.
    const Reply head = sign(daemon, checkpoint(101));
    EXPECT_EQ(head.code, ErrorCode::conflict);
    EXPECT_THAT(head.detail, HasSubstr("(1100)"));
    stop_and_compare();
    configure({}, "0600", "ca.test/audit-2");
    start();
    StolenDaemon renamed{house().socket().string()};
    EXPECT_EQ(renamed.fence(kNode, 65537 + 2).detail, "");
    expect_signed(renamed, checkpoint(101, 1, "ca.test/audit-2"));
    expect_signed(renamed, checkpoint(102, 1, "ca.test/audit-2"));
    EXPECT_EQ(sign(renamed, checkpoint(1101)).code, ErrorCode::denied);  // the old log is closed
    expect_signed(renamed, crl());
    expect_signed(renamed, certificate());
    stop_and_compare();
}

TEST_F(Stolen, IsAnsweredInTheOrderInWhichItAsksWhateverComesInOneRead) {
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    // More than are handed over at once, and a question about the last of them in the same write.
    constexpr std::uint64_t kMany = 70, kFirst = 1000, kQuestion = 5000;
    Bytes frames;
    std::vector<std::pair<Ask, SignHead>> asked;
    for (std::uint64_t i = 0; i < kMany; ++i) {
        asked.emplace_back(certificate(), SignHead{});
        asked.back().second = head_of(asked.back().first);
        append_message(frames, kFirst + i, ClientMessage{Sign{asked.back().second, asked.back().first.tbs}});
    }
    append_message(frames, kQuestion, ClientMessage{LookUp{asked.back().second.intent, BootEpoch{1}}});
    append_message(frames, kQuestion + 1, ClientMessage{LookUp{head_of(certificate()).intent, BootEpoch{1}}});
    daemon.send(frames);
    const auto state = daemon.reply(kQuestion).state;
    ASSERT_TRUE(state);
    EXPECT_NE(*state, JournalState::never_seen) << "it was asked for before";
    EXPECT_EQ(daemon.reply(kQuestion + 1).state, JournalState::never_seen) << "this one was not";
    for (std::uint64_t i = 0; i < kMany; ++i)
        EXPECT_TRUE(is_signed(asked[i].first, asked[i].second, daemon.reply(kFirst + i))) << i;
    stop_and_compare();
}

TEST_F(Stolen, CannotHoldMoreThanItsShareOfTheSigner) {
    configure("max_outstanding = 8\nmax_connections = 3\n");
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    // More at once than may be outstanding: RSA, which the token makes more slowly than requests are read.
    constexpr std::uint64_t kFlood = 400, kFirst = 1000;
    Bytes frames;
    std::vector<std::pair<Ask, SignHead>> asked;
    for (std::uint64_t i = 0; i < kFlood; ++i) {
        asked.emplace_back(ca_certificate(1), SignHead{});
        asked.back().second = head_of(asked.back().first);
        append_message(frames, kFirst + i, ClientMessage{Sign{asked.back().second, asked.back().first.tbs}});
    }
    std::thread flood{[&] { daemon.send(frames); }};
    std::size_t made = 0, refused = 0;
    for (std::uint64_t i = 0; i < kFlood; ++i) {
        const Reply reply = daemon.reply(kFirst + i);
        made += is_signed(asked[i].first, asked[i].second, reply) ? 1 : 0;
        refused += reply.code == ErrorCode::overloaded ? 1 : 0;
    }
    flood.join();
    EXPECT_GT(made, 7U);
    EXPECT_GT(refused, 0U);
    EXPECT_EQ(made + refused, kFlood);
    StolenDaemon second{house().socket().string()}, third{house().socket().string()};
    second.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    third.fence(NodeId::from(Bytes(16, 3)).value(), 1);
    StolenDaemon fourth{house().socket().string()};
    fourth.say(1, Hello{});
    EXPECT_TRUE(fourth.reply(1).closed);
    expect_signed(daemon, certificate());
    stop_and_compare();
}

TEST_F(Stolen, GetsNothingByGarbageHugeOrHalfFrames) {
    start();
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    const Ask ask = certificate();
    Bytes whole;
    append_message(whole, 7, ClientMessage{Sign{head_of(ask), ask.tbs}});
    // Half a request, then nothing.
    {
        StolenDaemon half{house().socket().string()};
        half.fence(NodeId::from(Bytes(16, 2)).value(), 1);
        half.send(ByteView{whole}.first(whole.size() / 2));
    }
    // A frame that announces more than there may be; one of no type; one whose payload goes on behind its last field.
    for (const Bytes& garbage : {Bytes{0x7f, 0xff, 0xff, 0xff}, Bytes{0, 0, 0, 9, 0xee, 0, 0, 0, 0, 0, 0, 0, 1},
                                 Bytes{0, 0, 0, 0}, bytes_of(view_of("\x16\x03\x01 hello?"))}) {
        StolenDaemon broken{house().socket().string()};
        broken.fence(NodeId::from(Bytes(16, 2)).value(), 1);
        broken.send(garbage);
        broken.send(Bytes(64, 0x5a));
        EXPECT_TRUE(broken.reply(77).closed);
    }
    Bytes longer = whole;
    longer.push_back(0);
    longer[3] = static_cast<std::uint8_t>(longer[3] + 1);
    StolenDaemon tail{house().socket().string()};
    tail.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    tail.send(longer);  // a certificate with an octet behind it: refused, not signed
    EXPECT_TRUE(tail.reply(7).signature.empty());
    // A CRL in chunks: fewer than announced, more than announced, never ended.
    Ask list = crl();
    StolenDaemon streams{house().socket().string()};
    streams.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    EXPECT_TRUE(streams.sign_streamed(head_of(list), list.tbs, list.tbs.size() + 1).signature.empty());
    streams.say(900, SignBegin{head_of(list), list.tbs.size()});
    const SignHead head = head_of(list);
    is_signed(list, head, streams.sign_streamed(head, list.tbs, list.tbs.size()));
    EXPECT_TRUE(streams.sign_streamed(head_of(list), list.tbs, list.tbs.size() - 1).closed);
    expect_signed(honest, certificate());
    stop_and_compare();
    EXPECT_EQ(signed_.size(), 2U);
}

TEST_F(Stolen, ThatDoesNotReadItsAnswersHarmsNobodyElse) {
    start();
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    StolenDaemon deaf{house().socket().string()};
    deaf.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    Bytes questions;
    for (std::uint64_t i = 0; i < 20000; ++i) append_message(questions, 10 + i, ClientMessage{ListKeys{}});
    std::thread asking{[&] { deaf.send(questions); }};
    for (int i = 0; i < 20; ++i) expect_signed(honest, certificate());
    asking.join();  // the signer hangs up on who does not read
    expect_signed(honest, certificate());
    stop_and_compare();
}

// as_nobody runs something in a process of the user nobody, and says whether it was refused everything. Only system
// calls: a copy of a process with threads.
bool is_refused_to_nobody(const std::function<bool()>& tries) {
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
            ::setresuid(kNobody, kNobody, kNobody) != 0)
            ::_exit(2);
        ::_exit(tries() ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 2);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Stolen, CannotReadOrWriteJournalConfigurationOrPinAsAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "not root: WHAT ANOTHER USER CAN REACH WAS NOT TESTED";
    configure({}, "0666");
    start();
    ASSERT_EQ(::chmod(house().folder().c_str(), 0711), 0);  // the folder can be walked through, and that is all
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    expect_signed(honest, certificate());
    const std::string journal = house().journal(), config = house().config(), pin = house().softhsm().pin_file(),
                      other = house().folder() / "journal.new", tokens = house().folder() / "tokens";
    for (const std::string& path : {journal, config, pin}) {
        EXPECT_EQ(::access(path.c_str(), R_OK | W_OK), 0) << path;  // its own user can
        for (const int flags : {O_RDONLY, O_WRONLY, O_WRONLY | O_APPEND, O_WRONLY | O_TRUNC}) {
            EXPECT_TRUE(is_refused_to_nobody([&] { return ::open(path.c_str(), flags) >= 0; })) << path << flags;
        }
        EXPECT_TRUE(is_refused_to_nobody([&] { return ::unlink(path.c_str()) == 0; })) << path;
        EXPECT_TRUE(is_refused_to_nobody([&] { return ::rename(path.c_str(), other.c_str()) == 0; })) << path;
        EXPECT_TRUE(is_refused_to_nobody([&] { return ::truncate(path.c_str(), 0) == 0; })) << path;
    }
    const std::string memory = "/proc/" + std::to_string(signer_.pid()) + "/mem";
    EXPECT_TRUE(is_refused_to_nobody([&] { return ::open(memory.c_str(), O_RDONLY) >= 0; }));
    ASSERT_GT(signer_.pid(), 0);
    EXPECT_TRUE(is_refused_to_nobody([&] { return ::kill(signer_.pid(), SIGTERM) == 0; }));
    // The socket itself lets everybody in here; the signer does not.
    Bytes hello;
    append_message(hello, 1, ClientMessage{Hello{}});
    const std::string socket = house().socket();
    EXPECT_TRUE(is_refused_to_nobody([&] {
        const auto connected = connect_unix(socket);
        if (!connected) return false;
        std::size_t sent = 0;
        (void)send_all(connected.value().get(), hello, std::chrono::seconds{5}, sent);
        set_receive_timeout(connected.value().get(), std::chrono::seconds{10});
        ReceiveBuffer buffer{2 * kMaxFrame};
        for (;;) {
            ByteView rest = buffer.view();
            const auto frame = next_frame(rest);
            if (frame && frame.value()) {
                const auto message = parse_server_message(*frame.value());
                return message && std::holds_alternative<HelloAnswer>(message.value());
            }
            const auto count = buffer.receive(connected.value().get());
            if (!count || count.value() == 0) return false;
        }
    }));
    expect_signed(honest, certificate());
    stop_and_compare();
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
