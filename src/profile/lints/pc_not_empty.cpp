// pc_not_empty.cpp: RFC 5280 4.2.1.11.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint pc_not_empty() noexcept {
    return {"rfc5280_4_2_1_11_policy_constraints_not_empty", "RFC 5280 4.2.1.11",
            "Conforming CAs MUST NOT issue certificates where policy constraints is an empty sequence",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policy_constraints;
                const auto constraints =
                    extension == nullptr ? std::nullopt : decode_policy_constraints(extension->value);
                if (constraints && !constraints->require_explicit_policy && !constraints->inhibit_policy_mapping)
                    details.emplace_back("policyConstraints says nothing");
            }};
}

}  // namespace sealwright::profile::lints
