// nc_syntax.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/constraint_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_syntax() noexcept {
    return {"rfc5280_4_2_1_10_name_constraints_syntax", "RFC 5280 4.2.1.10",
            "GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->name_constraints;
                if (extension != nullptr && !are_well_formed_constraints(extension->value))
                    details.emplace_back("nameConstraints is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
