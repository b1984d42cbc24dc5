// bc_ca_needs_cert_sign.cpp: RFC 5280 6.1.4 (n).
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint bc_ca_needs_cert_sign() noexcept {
    return {"ca_ca_certificate_has_cert_sign", "RFC 5280 6.1.4 (n)",
            "If a key usage extension is present, verify that the keyCertSign bit is set",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                const bool usable = !view.key_usage || *view.key_usage == 0 || view.has_usage(x509::kKeyCertSign);
                if (view.is_ca() && !view.basic->path_length && !usable)
                    details.emplace_back("a CA certificate whose keyUsage does not assert keyCertSign");
            }};
}

}  // namespace sealwright::profile::lints
