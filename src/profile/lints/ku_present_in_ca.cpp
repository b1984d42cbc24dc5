// ku_present_in_ca.cpp: RFC 5280 4.2.1.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_present_in_ca() noexcept {
    return {"rfc5280_4_2_1_3_key_usage_in_ca", "RFC 5280 4.2.1.3",
            "Conforming CAs MUST include this extension in certificates that contain public keys that are used to "
            "validate digital signatures on other public key certificates or CRLs",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->is_ca() && subject.view->key_usage_extension == nullptr)
                    details.emplace_back("a CA certificate without keyUsage");
            }};
}

}  // namespace sealwright::profile::lints
