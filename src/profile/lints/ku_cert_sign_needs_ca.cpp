// ku_cert_sign_needs_ca.cpp: RFC 5280 4.2.1.3 and 4.2.1.9.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_cert_sign_needs_ca() noexcept {
    return {
        "rfc5280_4_2_1_3_cert_sign_needs_ca", "RFC 5280 4.2.1.3 and 4.2.1.9",
        "If the cA boolean is not asserted, then the keyCertSign bit in the key usage extension MUST NOT be asserted",
        [](const CertificateSubject& subject, Details& details) {
            const auto& view = *subject.view;
            if (view.has_usage(x509::kKeyCertSign) && view.basic && !view.basic->ca)
                details.emplace_back("keyCertSign without cA");
        }};
}

}  // namespace sealwright::profile::lints
