// pc_only_in_ca.cpp: RFC 5280 4.2.1.11.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint pc_only_in_ca() noexcept {
    return {"rfc5280_4_2_1_11_policy_constraints_only_in_ca", "RFC 5280 4.2.1.11",
            "The policy constraints extension can be used in certificates issued to CAs",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->policy_constraints != nullptr && !subject.view->is_ca())
                    details.emplace_back("policyConstraints in the certificate of an end entity");
            }};
}

}  // namespace sealwright::profile::lints
