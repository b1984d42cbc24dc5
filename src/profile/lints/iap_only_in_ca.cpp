// iap_only_in_ca.cpp: RFC 5280 4.2.1.14.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint iap_only_in_ca() noexcept {
    return {"rfc5280_4_2_1_14_inhibit_any_policy_only_in_ca", "RFC 5280 4.2.1.14",
            "The inhibit anyPolicy extension can be used in certificates issued to CAs",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->inhibit_any_policy != nullptr && !subject.view->is_ca())
                    details.emplace_back("inhibitAnyPolicy in the certificate of an end entity");
            }};
}

}  // namespace sealwright::profile::lints
