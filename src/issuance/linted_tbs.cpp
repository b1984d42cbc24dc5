#include "issuance/linted_tbs.hpp"

#include "crypto/digest.hpp"

namespace sealwright::issuance {
namespace {

Error refusal(const x509::Findings& findings) {
    std::string codes, details;
    for (const auto& finding : findings) {
        if (finding.severity != x509::Severity::error) continue;
        codes += (codes.empty() ? "" : ", ") + finding.clause;
        details += (details.empty() ? "" : "; ") + finding.code + ": " + finding.detail;
    }
    return fail(ErrorCode::lint, "the certificate would break " + codes, std::move(details));
}

}  // namespace

Result<LintedTbs> LintedTbs::lint(const x509::TbsCertificateFields& fields, const x509::Certificate* issuer) {
    LintedTbs linted;
    linted.der_ = x509::build_tbs_certificate(fields);
    const auto findings = profile::lint_certificate(linted.der_.view(), issuer);
    if (x509::has_error(findings)) return refusal(findings);
    linted.digest_ = crypto::sha256(linted.der_.view());
    linted.serial_ = fields.serial;
    linted.algorithm_ = fields.signature_algorithm;
    return linted;
}

}  // namespace sealwright::issuance
