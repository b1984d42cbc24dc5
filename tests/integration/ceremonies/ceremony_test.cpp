// Whole ceremonies on SoftHSM: held, rehearsed, left by their script, ended by a refusal.
#include "ceremonies/format/head_words.hpp"
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

TEST(Ceremony, IsHeldAndVerified) {
    const Site site;
    QuietDesk desk;
    const auto outcome = site.run(desk);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome.value().mode, "production");
    EXPECT_EQ(outcome.value().deviations, std::vector<std::string>{});
    EXPECT_EQ(outcome.value().artefacts.size(), 16U);
    const Bundle bundle{site.out(), outcome.value().head};
    const auto checks = bundle.verify();
    EXPECT_EQ(checks.verdict(), Verdict::valid) << checks.human();

    // Each use of a token has its record before and after.
    const auto transcript = read_whole(site.out() / "transcript/entries.jsonl");
    EXPECT_EQ(count_of(transcript, "\"type\":\"p11.intent\""), 17U);
    EXPECT_EQ(count_of(transcript, "\"type\":\"p11.result\""), 17U);
    EXPECT_EQ(count_of(transcript, "\"op\":\"sign\""), 10U);
    EXPECT_EQ(count_of(transcript, std::string{sealwright::test::SoftHsm::kPin}), 0U) << "a PIN in the transcript";
    // The head is on no file of the bundle.
    for (const auto& file : bundle.files())
        EXPECT_EQ(count_of(read_whole(file), outcome.value().head_short), 0U) << file;
}

TEST(Ceremony, MakesWhatOpensslAccepts) {
    const Site site;
    QuietDesk desk;
    const auto outcome = site.run(desk);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    const auto artefacts = (site.out() / "artefacts").string() + "/";
    run_command("openssl verify -x509_strict -CAfile " + artefacts + "root.pem " + artefacts + "root.pem " + artefacts +
                "issuing.pem");
    run_command("openssl verify -x509_strict -purpose sslserver -verify_hostname ca.example.org -CAfile " + artefacts +
                "root.pem -untrusted " + artefacts + "issuing-chain.pem " + artefacts + "tls.pem");
    run_command("openssl verify -x509_strict -CAfile " + artefacts + "root.pem -untrusted " + artefacts +
                "tls-chain.pem " + artefacts + "ocsp.pem");
    run_command("openssl crl -inform DER -in " + artefacts + "root.crl -CAfile " + artefacts +
                "root.pem -noout 2>&1 | grep -q 'verify OK'");
    run_command("openssl pkey -pubin -in " + artefacts + "audit-key.pem -noout");
    const auto text = run_command("openssl x509 -in " + artefacts + "issuing.pem -noout -text");
    EXPECT_NE(text.find("CA:TRUE, pathlen:0"), std::string::npos);
    EXPECT_NE(run_command("openssl x509 -in " + artefacts + "ocsp.pem -noout -text").find("OCSP No Check"),
              std::string::npos);
}

TEST(Ceremony, ARehearsalIsMarkedEverywhereAndIsNoCeremony) {
    const Site site;
    site.change(site.bindings(), "mode = \"production\"", "mode = \"rehearsal\"");
    QuietDesk desk;
    const auto outcome = site.rehearse(desk);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome.value().mode, "rehearsal");
    const Bundle bundle{site.out(), outcome.value().head};
    EXPECT_EQ(bundle.verify().verdict(), Verdict::invalid);
    const auto allowed = bundle.verify(true, true);
    EXPECT_EQ(allowed.verdict(), Verdict::valid) << allowed.human();
    EXPECT_NE(allowed.human().find("REHEARSAL"), std::string::npos);
    for (const auto* name : {"root.pem", "issuing.pem", "ocsp.pem", "tls.pem"}) {
        const auto text =
            run_command("openssl x509 -in " + (site.out() / "artefacts" / name).string() + " -noout -subject");
        EXPECT_NE(text.find("OU = REHEARSAL"), std::string::npos) << text;
    }
    for (const auto* name : {"report.txt", "report.html", "artefacts/signer-keys.toml"})
        EXPECT_NE(read_whole(site.out() / name).find("REHEARSAL"), std::string::npos) << name;
}

TEST(Ceremony, ADeviationThatTheScriptAllowsIsRecordedAndShown) {
    const Site site;
    QuietDesk desk;
    desk.refuse = {"video"};
    const auto outcome = site.run(desk);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    ASSERT_EQ(outcome.value().deviations.size(), 1U);
    EXPECT_NE(outcome.value().deviations[0].find("the test says no"), std::string::npos);
    const auto checks = Bundle{site.out(), outcome.value().head}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::deviations) << checks.human();
    EXPECT_NE(
        read_whole(site.out() / "report.txt").find("Deviation: step 'video': was not confirmed: the test says no"),
        std::string::npos);
}

// One confirmation by a program is enough: dual control that was not held to once was not held to.
TEST(Ceremony, AConfirmationByAProgramStandsInTheFirstLineAndNothingSaysThatDualControlWasHeld) {
    for (const bool attended : {true, false}) {
        const Site site;
        QuietDesk desk;
        if (!attended) desk.by_program = {"machine"};
        const auto outcome = site.run(desk);
        ASSERT_TRUE(outcome) << outcome.error().describe();
        const auto checks = Bundle{site.out(), outcome.value().head}.verify();
        EXPECT_EQ(checks.verdict(), Verdict::valid) << checks.human();
        const std::string said = "1 of 5 confirmations were given by a program, not by people";
        EXPECT_EQ(checks.human().starts_with("ATTENTION  " + said + ": dual control is not proved\n"), !attended)
            << checks.human();
        EXPECT_EQ(count_of(checks.json(), said), attended ? 0U : 1U);
        for (const auto* name : {"report.txt", "report.html"}) {
            const auto report = read_whole(site.out() / name);
            const auto summary = report.substr(0, report.find("Roles and functions"));
            EXPECT_EQ(count_of(summary, said + ": dual control is not proved"), attended ? 0U : 1U) << summary;
            EXPECT_EQ(count_of(report, "Held to: "), attended ? 3U : 0U) << summary;
            EXPECT_EQ(count_of(report, "No deviation from the script"), attended ? 1U : 0U) << report;
        }
    }
}

TEST(Ceremony, ARefusalThatTheScriptDoesNotAllowEndsIt) {
    const Site site;
    QuietDesk desk;
    desk.refuse = {"take-root-token"};
    const auto outcome = site.run(desk);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::denied);
    const auto checks = Bundle{site.out(), {}}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::incomplete) << checks.human();
    EXPECT_NE(checks.human().find("the ceremony was ended early in step 'take-root-token'"), std::string::npos)
        << checks.human();
    EXPECT_EQ(count_of(read_whole(site.out() / "transcript/entries.jsonl"), "p11.intent"), 0U)
        << "a token was used before its custodian confirmed";
}

TEST(Ceremony, NeverGeneratesASecondKeyWithALabelThatIsTaken) {
    const Site site;
    QuietDesk desk;
    ASSERT_TRUE(site.run(desk));
    std::filesystem::rename(site.out(), site.folder() / "first");
    const auto again = site.run(desk);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::already_exists);
    const auto transcript = read_whole(site.out() / "transcript/entries.jsonl");
    EXPECT_EQ(count_of(transcript, "\"op\":\"generate\""), 2U) << "one intent and its failure";
    const auto checks = Bundle{site.out(), {}}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::incomplete) << checks.human();
}

TEST(Ceremony, RefusesAFolderThatIsThereAndLeavesItAlone) {
    const Site site;
    QuietDesk desk;
    std::filesystem::create_directory(site.out());
    write_whole(site.out() / "evidence-of-before", "x");
    const auto outcome = site.run(desk);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::already_exists);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{site.out()}, {}), 1);
}

TEST(Ceremony, AWrongPinIsTriedOnceAndEndsIt) {
    const Site site;
    const auto wrong = site.folder() / "wrong.pin";
    sealwright::test::write_text(wrong, "0000000");
    const auto text = read_whole(site.bindings());
    const auto begin = text.find("{ file = \""), end = text.find("\" }", begin);
    write_whole(site.bindings(), text.substr(0, begin) + "{ file = \"" + wrong.string() + text.substr(end));
    QuietDesk desk;
    const auto outcome = site.run(desk);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::denied) << outcome.error().describe();
    const auto transcript = read_whole(site.out() / "transcript/entries.jsonl");
    EXPECT_EQ(count_of(transcript, "\"op\":\"login\""), 2U) << "one intent and its failure";
    const auto checks = Bundle{site.out(), {}}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::incomplete) << checks.human();
}

TEST(Ceremony, AModuleThatIsNotThePinnedOneIsRefusedBeforeTheFirstStep) {
    const Site site;
    site.change(site.bindings(), "role = \"root\"",
                "role = \"root\"\nmodule_sha256 = \"" + std::string(64, '0') + "\"");
    QuietDesk desk;
    const auto outcome = site.run(desk);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::denied);
    EXPECT_EQ(count_of(read_whole(site.out() / "transcript/entries.jsonl"), "step.begin"), 0U);
    const auto checks = Bundle{site.out(), {}}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::incomplete) << checks.human();
}

TEST(Ceremony, APinnedModuleIsAccepted) {
    const Site site;
    const auto module = read_whole(site.bindings());
    const auto begin = module.find("module = \"") + 10;
    const auto path = module.substr(begin, module.find('"', begin) - begin);
    site.change(site.bindings(), "role = \"root\"",
                "role = \"root\"\nmodule_sha256 = \"" + crypto::sha256(view_of(read_whole(path))).hex() + "\"");
    QuietDesk desk;
    const auto outcome = site.run(desk);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    const auto checks = Bundle{site.out(), outcome.value().head}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::valid) << checks.human();
}

TEST(Ceremony, InitialsOfSomebodyElseAreNotAccepted) {
    class StrangerDesk final : public Desk {
    public:
        int asked = 0;
        void show(std::string_view) override {}
        Result<Confirmation> confirm(const ConfirmationRequest&) override {
            ++asked;
            return Confirmation{true, "XX", {}, true};
        }
        Result<Secret> pin(const PinRequest&) override { return fail(ErrorCode::unavailable, "none"); }
    };
    const Site site;
    StrangerDesk desk;
    const SystemClock clock;
    crypto::SystemRandom random;
    const auto outcome = ceremonies::run({{site.script(), site.bindings()}, site.out(), desk, clock, random});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::denied);
    EXPECT_EQ(desk.asked, 3);
}

TEST(Ceremony, ASigningTimeOfTheBindingsStandsInTheCertificates) {
    const Site site;
    const auto day = to_rfc3339(SystemClock{}.now() + std::chrono::hours{24});
    site.change(site.bindings(), "mode = \"production\"", "mode = \"production\"\nsigning_time = " + day);
    QuietDesk desk;
    const auto outcome = site.run(desk);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    const auto roots = x509::Certificate::parse_pem(read_whole(site.out() / "artefacts/root.pem"));
    EXPECT_EQ(to_rfc3339(roots.value().front().fields().not_before), day);
    const auto checks = Bundle{site.out(), outcome.value().head}.verify();
    EXPECT_EQ(checks.verdict(), Verdict::valid) << checks.human();
}

}  // namespace
}  // namespace sealwright::ceremonies::test
