// nc_minimum_maximum.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/constraint_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// Zero is the default, which DER does not encode.
CertificateLint nc_minimum_maximum() noexcept {
    return {"rfc5280_4_2_1_10_minimum_and_maximum", "RFC 5280 4.2.1.10",
            "the minimum MUST be zero, and maximum MUST be absent",
            [](const CertificateSubject& subject, Details& details) {
                each_constraint(subject.view->name_constraints, [&](const SubtreeView& subtree) {
                    if (!subtree.behind.empty()) details.emplace_back("a subtree has a minimum or a maximum");
                });
            }};
}

}  // namespace sealwright::profile::lints
