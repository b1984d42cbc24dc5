// pm_only_in_ca.cpp: RFC 5280 4.2.1.5.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint pm_only_in_ca() noexcept {
    return {"rfc5280_4_2_1_5_mappings_only_in_ca", "RFC 5280 4.2.1.5", "This extension is used in CA certificates",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->policy_mappings != nullptr && !subject.view->is_ca())
                    details.emplace_back("policyMappings in the certificate of an end entity");
            }};
}

}  // namespace sealwright::profile::lints
