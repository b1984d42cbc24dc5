// validity_within_issuer.cpp: RFC 5280 6.1.3 (a)(2).
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// The shell model of RFC 5280 checks every certificate of a path at the same moment: what lies outside of the issuer's
// period can never be valid.
CertificateLint validity_within_issuer() noexcept {
    return {"ca_validity_within_issuer", "RFC 5280 6.1.3 (a)(2)",
            "The certificate validity period includes the current time",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.issuer == nullptr || subject.tbs.not_after < subject.tbs.not_before) return;
                const auto& issuer = subject.issuer->fields();
                if (subject.tbs.not_before < issuer.not_before)
                    details.push_back("notBefore is before the issuer's " + to_rfc3339(issuer.not_before));
                if (subject.tbs.not_after > issuer.not_after)
                    details.push_back("notAfter is after the issuer's " + to_rfc3339(issuer.not_after));
            }};
}

}  // namespace sealwright::profile::lints
