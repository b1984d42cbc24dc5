// bc_syntax.cpp: RFC 5280 4.2.1.9.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint bc_syntax() noexcept {
    return {"rfc5280_4_2_1_9_basic_constraints_syntax", "RFC 5280 4.2.1.9",
            "Where it appears, the pathLenConstraint field MUST be greater than or equal to zero",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->basic_constraints != nullptr && !subject.view->basic)
                    details.emplace_back("basicConstraints is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
