// bc_present_with_cert_sign.cpp: RFC 5280 4.2.1.9.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint bc_present_with_cert_sign() noexcept {
    return {"rfc5280_4_2_1_9_basic_constraints_present", "RFC 5280 4.2.1.9",
            "Conforming CAs MUST include this extension in all CA certificates that contain public keys used to "
            "validate digital signatures on certificates",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->has_usage(x509::kKeyCertSign) && subject.view->basic_constraints == nullptr)
                    details.emplace_back("keyCertSign without basicConstraints");
            }};
}

}  // namespace sealwright::profile::lints
