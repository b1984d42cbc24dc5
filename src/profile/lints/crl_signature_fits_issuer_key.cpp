// crl_signature_fits_issuer_key.cpp: RFC 5280 6.3.3 (g).
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_signature_fits_issuer_key() noexcept {
    return {"rfc5280_6_3_3_crl_signature_fits_issuer_key", "RFC 5280 6.3.3 (g)",
            "Validate the signature on the complete CRL using the public key validated in step (f)",
            [](const CrlSubject& subject, Details& details) {
                check_fits_key(subject.view->signature_algorithm, subject.view->issuer_key, details);
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
