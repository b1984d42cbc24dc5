// pc_syntax.cpp: RFC 5280 4.2.1.11.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint pc_syntax() noexcept {
    return {"rfc5280_4_2_1_11_policy_constraints_syntax", "RFC 5280 4.2.1.11", "PolicyConstraints ::= SEQUENCE",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policy_constraints;
                if (extension != nullptr && !decode_policy_constraints(extension->value))
                    details.emplace_back("policyConstraints is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
