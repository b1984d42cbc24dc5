// signature_fits_issuer_key.cpp: RFC 5280 6.1.3 (a)(1).
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_fits_issuer_key() noexcept {
    return {"rfc5280_6_1_3_signature_fits_issuer_key", "RFC 5280 6.1.3 (a)(1)",
            "The signature on the certificate can be verified using working_public_key_algorithm",
            [](const CertificateSubject& subject, Details& details) {
                check_fits_key(subject.tbs.signature_algorithm, subject.view->issuer_key, details);
            }};
}

}  // namespace sealwright::profile::lints
