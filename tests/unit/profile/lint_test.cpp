// Every lint has a TBS that it alone refuses, every good TBS is refused by none, and docs/lints.md says what the table
// says.
#include <gmock/gmock.h>
#include <filesystem>

#include "base/file.hpp"
#include "unit/profile/raw_tbs.hpp"

namespace sealwright::profile::testing {
namespace {

using ::testing::HasSubstr;

std::vector<Sample> certificate_samples() {
    auto all = field_samples();
    for (auto more : {extension_samples(), policy_and_pointer_samples()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

// found is the set of codes that a linter reports.
std::set<std::string> found(const x509::Findings& findings) {
    std::set<std::string> out;
    for (const auto& finding : findings) out.insert(finding.code);
    return out;
}

std::string explain(const x509::Findings& findings) {
    std::string out;
    for (const auto& finding : findings) out += "\n  " + finding.code + ": " + finding.detail;
    return out;
}

void expect_clean(const RawTbs& tbs) {
    const auto findings = lint_certificate(tbs.encode(), tbs.issuer_certificate);
    EXPECT_TRUE(findings.empty()) << explain(findings);
}

void expect_clean(const RawCrl& crl) {
    const auto findings =
        lint_crl({.der = crl.encode(), .issuer = crl.issuer_certificate, .previous_number = crl.previous_number});
    EXPECT_TRUE(findings.empty()) << explain(findings);
}

TEST(CertificateLints, PassEveryKindThatWeIssue) {
    expect_clean(good_root());
    expect_clean(good_issuing_ca());
    for (const auto spki : {kOtherP256, kP384, kEd25519, kRsa2048, kRsa3072}) {
        expect_clean(good_leaf(spki));
        expect_clean(good_named_leaf(spki));
    }
    expect_clean(good_client());
    expect_clean(good_ocsp_signer());
    expect_clean(good_self_signed_leaf());
}

TEST(CrlLints, PassEveryKindThatWeIssue) {
    expect_clean(good_crl());
    expect_clean(good_crl_with_entries());
}

TEST(CrlLints, PassWhatTheBuilderWrites) {
    x509::CrlBuilder builder;
    const x509::CrlFields fields{
        .signature_algorithm = {crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256},
        .issuer = issuing_ca().fields().subject_der,
        .this_update = at("2026-11-22T12:00:00Z"),
        .next_update = at("2026-11-23T12:00:00Z"),
        .authority_key_identifier = x509::subject_key_identifier(public_key(kP256).public_bits()),
        .number = 300,
        .distribution_point =
            x509::IssuingDistributionPoint{.full_name = {x509::UriName{"http://pki.example.org/ca.crl"}}}};
    EXPECT_EQ(codes(lint_crl({.der = builder.build(fields).view(), .issuer = &issuing_ca(), .previous_number = 299})),
              "");
    builder.add(
        {serial(0x10), at("2026-11-20T00:00:00Z"), x509::RevocationReason::key_compromise, at("2026-11-19T00:00:00Z")});
    builder.add({serial(0x20), at("2026-11-21T00:00:00Z"), x509::RevocationReason::unspecified, {}});
    builder.add({serial(0xF0), at("2026-11-22T00:00:00Z"), x509::RevocationReason::certificate_hold, {}});
    EXPECT_EQ(codes(lint_crl({.der = builder.build(fields).view(), .issuer = &issuing_ca(), .previous_number = 299})),
              "");
}

TEST(CertificateLints, EachRefuseASampleThatNoOtherRefuses) {
    std::set<std::string> proved;
    for (const auto& sample : certificate_samples()) {
        const auto findings = lint_certificate(sample.tbs, sample.issuer);
        EXPECT_EQ(found(findings), std::set<std::string>{sample.code}) << explain(findings);
        proved.insert(sample.code);
    }
    for (const auto& lint : certificate_lints())
        EXPECT_TRUE(proved.contains(std::string{lint.code})) << "no sample for " << lint.code;
}

TEST(CrlLints, EachRefuseASampleThatNoOtherRefuses) {
    std::set<std::string> proved;
    for (const auto& sample : crl_samples()) {
        const auto findings =
            lint_crl({.der = sample.tbs, .issuer = sample.issuer, .previous_number = sample.previous_number});
        EXPECT_EQ(found(findings), std::set<std::string>{sample.code}) << explain(findings);
        proved.insert(sample.code);
    }
    for (const auto& lint : crl_lints())
        EXPECT_TRUE(proved.contains(std::string{lint.code})) << "no sample for " << lint.code;
}

TEST(Lints, CarryTheirClauseAndSeverity) {
    auto tbs = good_leaf();
    tbs.serial = {0x80, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
    const auto findings = lint_certificate(tbs.encode(), tbs.issuer_certificate);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].code, "rfc5280_4_1_2_2_serial_positive");
    EXPECT_EQ(findings[0].clause, "RFC 5280 4.1.2.2");
    EXPECT_EQ(findings[0].severity, x509::Severity::error);
    EXPECT_EQ(findings[0].detail, "the serial number is negative");
}

TEST(Lints, ReportOctetsThatAreNoTbsAsOneFinding) {
    auto tbs = good_leaf().encode();
    tbs.pop_back();
    EXPECT_EQ(codes(lint_certificate(tbs, &issuing_ca())), kCertificateSyntaxCode);
    EXPECT_EQ(codes(lint_certificate({}, nullptr)), kCertificateSyntaxCode);
    auto crl = good_crl_with_entries().encode();
    crl.pop_back();
    EXPECT_EQ(codes(lint_crl({.der = crl, .issuer = &issuing_ca()})), kCrlSyntaxCode);
    EXPECT_EQ(codes(lint_crl({.der = {}})), kCrlSyntaxCode);
    auto broken_entry = good_crl_with_entries();
    broken_entry.entries->at(1).revoked_at = null_value();
    EXPECT_EQ(codes(lint_crl({.der = broken_entry.encode(), .issuer = &issuing_ca()})), kCrlSyntaxCode);
}

TEST(Lints, KeepTheirFindingsAboutALongListShort) {
    auto crl = good_crl();
    crl.entries.emplace();
    for (std::uint8_t i = 1; i < 100; ++i) crl.entries->push_back({{i}, utc_time("270101000000Z"), {}});
    const auto findings = lint_crl({.der = crl.encode(), .issuer = &issuing_ca(), .previous_number = 6});
    EXPECT_EQ(found(findings), std::set<std::string>{"ca_crl_revocation_date_not_ahead"});
    EXPECT_EQ(findings.size(), 20U);
}

TEST(LintTable, HasUniqueCodesWithClauseAndQuote) {
    std::set<std::string_view> seen;
    const auto check = [&](const auto& lint) {
        EXPECT_TRUE(seen.insert(lint.code).second) << lint.code;
        EXPECT_FALSE(lint.clause.empty()) << lint.code;
        EXPECT_FALSE(lint.quote.empty()) << lint.code;
    };
    for (const auto& lint : certificate_lints()) {
        check(lint);
        EXPECT_NE(lint.check, nullptr) << lint.code;
    }
    for (const auto& lint : crl_lints()) {
        check(lint);
        EXPECT_TRUE(lint.check != nullptr || lint.check_entry != nullptr) << lint.code;
    }
    EXPECT_GE(seen.size(), 55U);
}

// A file that list.inc forgot would be a lint that never runs.
TEST(LintTable, NamesEveryLintFile) {
    const auto list = read_text_file("src/profile/lints/list.inc", 100000).value();
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator("src/profile/lints")) {
        if (entry.path().extension() != ".cpp") continue;
        const auto text = read_text_file(entry.path(), 100000).value();
        const auto stem = entry.path().stem().string();
        if (text.find("Lint " + stem + "() noexcept {") == std::string::npos) continue;
        ++files;
        EXPECT_THAT(list, HasSubstr("_LINT(" + stem + ")"));
    }
    EXPECT_EQ(files, certificate_lints().size() + crl_lints().size());
}

TEST(LintDocument, NamesEveryLintWithItsClauseAndNoOther) {
    const auto text = read_text_file("docs/lints.md", 1000000);
    ASSERT_TRUE(text) << text.error().describe();
    const std::string& document = text.value();
    std::map<std::string, std::string> expected{{std::string{kCertificateSyntaxCode}, "RFC 5280 4.1"},
                                                {std::string{kCrlSyntaxCode}, "RFC 5280 5.1"}};
    for (const auto& lint : certificate_lints()) expected.emplace(lint.code, lint.clause);
    for (const auto& lint : crl_lints()) expected.emplace(lint.code, lint.clause);
    // A row that is a lint reads: | clause | what it says | `code` ... |
    std::set<std::string> documented;
    std::size_t begin = 0;
    while (begin < document.size()) {
        const std::size_t end = std::min(document.find('\n', begin), document.size());
        const std::string line = document.substr(begin, end - begin);
        begin = end + 1;
        const std::size_t second = line.find(" | "),
                          third = second == std::string::npos ? second : line.find(" | `", second + 3);
        if (!line.starts_with("| ") || third == std::string::npos) continue;
        const std::string code = line.substr(third + 4, line.find('`', third + 4) - third - 4);
        EXPECT_TRUE(documented.insert(code).second) << code << " has two rows";
        ASSERT_TRUE(expected.contains(code)) << code << " is no lint";
        EXPECT_EQ(line.substr(2, second - 2), expected[code]) << code;
    }
    for (const auto& [code, clause] : expected)
        EXPECT_TRUE(documented.contains(code)) << code << " is not in docs/lints.md";
}

}  // namespace
}  // namespace sealwright::profile::testing
