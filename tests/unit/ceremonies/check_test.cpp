#include "files.hpp"

namespace sealwright::ceremonies {
namespace {

using test::Files;
using test::joined;
using test::mentions;

TEST(Check, FindsNothingInTheShippedCeremonies) {
    Files files;
    const auto report = files.check();
    EXPECT_TRUE(report.ok()) << joined(report.problems);
    EXPECT_EQ(report.keys, 5U);
    EXPECT_EQ(report.signatures, 6U);
    EXPECT_EQ(report.mode, "rehearsal");
    EXPECT_EQ(report.warnings, std::vector<std::string>{});
    std::filesystem::copy_file(files.folder() / "bindings-hsm.toml", files.folder() / "bindings-softhsm.toml",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_TRUE(files.check().ok());
    EXPECT_EQ(files.check().mode, "production");
}

TEST(Check, FindsAnIssuingCaThatOutlivesItsRoot) {
    const Files files;
    files.replace("profiles/issuing.toml", "length = \"5y\"", "length = \"25y\"");
    const auto report = files.check();
    EXPECT_TRUE(mentions(report.problems, "step 'issuing'")) << joined(report.problems);
}

TEST(Check, FindsAKeyThatTheProfileDoesNotAllow) {
    const Files files;
    files.replace("two-tier.toml", "key = \"EC-P384\"", "key = \"RSA-2048\"");
    const auto report = files.check();
    EXPECT_TRUE(mentions(report.problems, "step 'root'")) << joined(report.problems);
}

// What builds on a step that failed is not reported again; what does not is looked at all the same.
TEST(Check, ReportsEachMistakeOnce) {
    const Files files;
    files.replace("profiles/ocsp.toml", "length = \"90d\"", "length = \"9y\"");
    files.replace("profiles/tls.toml", "length = \"90d\"", "length = \"9y\"");
    const auto report = files.check();
    EXPECT_TRUE(mentions(report.problems, "step 'ocsp'")) << joined(report.problems);
    EXPECT_TRUE(mentions(report.problems, "step 'tls'")) << joined(report.problems);
    EXPECT_FALSE(mentions(report.problems, "step 'close'")) << joined(report.problems);
}

TEST(Check, FindsALimitForAKeyThatIsNotTheIssuers) {
    const Files files;
    files.replace("two-tier.toml", "certificate = { issuer = \"issuing\",", "certificate = { issuer = \"root\",");
    const auto report = files.check();
    EXPECT_TRUE(mentions(report.problems, "whose certificate has another key")) << joined(report.problems);
}

TEST(Check, FindsAPlaceholderWithoutValue) {
    const Files files;
    files.replace("bindings-softhsm.toml", "root_crl = \"http://pki.example.org/root.crl\"\n", "");
    const auto report = files.check();
    EXPECT_TRUE(mentions(report.problems, "@root_crl@")) << joined(report.problems);
}

TEST(Check, FindsAProfileThatIsNotThere) {
    const Files files;
    std::filesystem::remove(files.folder() / "profiles/ocsp.toml");
    const auto report = files.check();
    EXPECT_TRUE(mentions(report.problems, "profiles/ocsp.toml")) << joined(report.problems);
}

TEST(Check, FindsANameThatNoCertificateCanCarry) {
    const Files files;
    files.replace("bindings-softhsm.toml", "tls = [\"ca.example.org\"]", "tls = [\"ca_example.org\"]");
    const auto report = files.check();
    EXPECT_TRUE(mentions(report.problems, "step 'tls'")) << joined(report.problems);
}

TEST(Check, WarnsOfASigningTimeFarFromTheClock) {
    const Files files;
    files.replace("bindings-softhsm.toml", "mode = \"rehearsal\"",
                  "mode = \"rehearsal\"\nsigning_time = 2027-06-15T10:00:00Z");
    const auto report = files.check();
    EXPECT_TRUE(report.ok()) << joined(report.problems);
    EXPECT_TRUE(mentions(report.warnings, "more than 31 days from the clock"));
}

TEST(Check, SaysWhenThereIsNoScript) {
    Files files;
    std::filesystem::remove(files.named().script);
    const ManualClock clock{UtcTime{}};
    crypto::SystemRandom random;
    const auto report = check(files.named(), clock, random);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), ErrorCode::not_found);
}

class NobodyDesk final : public Desk {
public:
    void show(std::string_view) override {}
    Result<Confirmation> confirm(const ConfirmationRequest&) override { return fail(ErrorCode::unavailable, "nobody"); }
    Result<Secret> pin(const PinRequest&) override { return fail(ErrorCode::unavailable, "nobody"); }
};

TEST(Run, RefusesTheBindingsOfARehearsalAndLeavesNothing) {
    const Files files;
    NobodyDesk desk;
    const ManualClock clock{from_rfc3339("2026-11-22T12:00:00Z").value()};
    crypto::SystemRandom random;
    const auto out = files.folder() / "out";
    const auto outcome = run({files.named(), out, desk, clock, random});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::config);
    EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(Run, RehearseRefusesTheBindingsOfProductionAndLeavesNothing) {
    const Files files;
    files.replace("bindings-softhsm.toml", "mode = \"rehearsal\"", "mode = \"production\"");
    NobodyDesk desk;
    const ManualClock clock{from_rfc3339("2026-11-22T12:00:00Z").value()};
    crypto::SystemRandom random;
    const auto out = files.folder() / "out";
    const auto outcome = rehearse({files.named(), out, desk, clock, random});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::config);
    EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(Run, BeginsNothingWhenCheckHasProblems) {
    const Files files;
    files.replace("bindings-softhsm.toml", "mode = \"rehearsal\"", "mode = \"production\"");
    files.replace("profiles/issuing.toml", "length = \"5y\"", "length = \"25y\"");
    NobodyDesk desk;
    const ManualClock clock{from_rfc3339("2026-11-22T12:00:00Z").value()};
    crypto::SystemRandom random;
    const auto out = files.folder() / "out";
    const auto outcome = run({files.named(), out, desk, clock, random});
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().private_detail().find("step 'issuing'"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace sealwright::ceremonies
