// bc_path_length_needs_cert_sign.cpp: RFC 5280 4.2.1.9.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint bc_path_length_needs_cert_sign() noexcept {
    return {"rfc5280_4_2_1_9_path_length_needs_cert_sign", "RFC 5280 4.2.1.9",
            "and the key usage extension asserts the keyCertSign bit",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (view.is_ca() && view.basic->path_length && view.key_usage && *view.key_usage != 0 &&
                    !view.has_usage(x509::kKeyCertSign)) {
                    details.emplace_back("pathLenConstraint without keyCertSign");
                }
            }};
}

}  // namespace sealwright::profile::lints
