// pc_critical.cpp: RFC 5280 4.2.1.11.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint pc_critical() noexcept {
    return {"rfc5280_4_2_1_11_policy_constraints_critical", "RFC 5280 4.2.1.11",
            "Conforming CAs MUST mark this extension as critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policy_constraints;
                if (extension != nullptr && !extension->critical)
                    details.emplace_back("policyConstraints is not critical");
            }};
}

}  // namespace sealwright::profile::lints
