#include "profile/linter.hpp"

#include "base/log.hpp"
#include "profile/lints/certificate_view.hpp"
#include "profile/lints/crl_view.hpp"

namespace sealwright::profile {
namespace {

// What one lint can say about one list; a CRL can have a million entries with the same fault.
constexpr std::size_t kMaxDetails = 20;

template <class Lint>
void collect(const Lint& lint, std::vector<std::string>& details, x509::Findings& findings) {
    for (auto& detail : details)
        findings.push_back(
            {std::string{lint.code}, x509::Severity::error, std::string{lint.clause}, escape_control(detail)});
    details.clear();
}

x509::Findings syntax_finding(std::string_view code, std::string_view clause, const Error& error) {
    return {{std::string{code}, x509::Severity::error, std::string{clause}, error.describe()}};
}

// lint_entries walks the list once for all lints that look at entries.
bool lint_entries(const CrlSubject& subject, ByteView revoked, std::vector<std::vector<std::string>>& details) {
    const auto table = crl_lints();
    asn1::DerReader reader{revoked};
    while (!reader.at_end()) {
        const auto element = reader.expect(asn1::kSequence);
        const auto entry = element ? lints::decode_crl_entry(element.value().content) : std::nullopt;
        if (!entry) return false;
        for (std::size_t i = 0; i < table.size(); ++i) {
            if (table[i].check_entry != nullptr && details[i].size() < kMaxDetails)
                table[i].check_entry(subject, *entry, details[i]);
        }
    }
    return true;
}

}  // namespace

x509::Findings lint_certificate(ByteView tbs, const x509::Certificate* issuer) {
    const auto parsed = x509::parse_tbs_certificate(tbs);
    if (!parsed) return syntax_finding(kCertificateSyntaxCode, "RFC 5280 4.1", parsed.error());
    const lints::CertificateView view = lints::view_certificate(parsed.value(), issuer);
    const CertificateSubject subject{parsed.value(), tbs, issuer, &view};
    x509::Findings findings;
    std::vector<std::string> details;
    for (const auto& lint : certificate_lints()) {
        lint.check(subject, details);
        if (!details.empty()) collect(lint, details, findings);
    }
    return findings;
}

x509::Findings lint_crl(const CrlSubject& given) {
    const auto view = lints::view_crl(given.der, given.issuer);
    if (!view) return syntax_finding(kCrlSyntaxCode, "RFC 5280 5.1", view.error());
    CrlSubject subject = given;
    subject.view = &view.value();
    const auto table = crl_lints();
    std::vector<std::vector<std::string>> details(table.size());
    if (view.value().revoked && !lint_entries(subject, *view.value().revoked, details)) {
        return syntax_finding(kCrlSyntaxCode, "RFC 5280 5.1.2.6",
                              fail(ErrorCode::malformed, "an entry that is not of its type"));
    }
    x509::Findings findings;
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].check != nullptr) table[i].check(subject, details[i]);
        collect(table[i], details[i], findings);
    }
    return findings;
}

}  // namespace sealwright::profile
