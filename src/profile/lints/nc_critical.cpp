// nc_critical.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_critical() noexcept {
    return {"rfc5280_4_2_1_10_name_constraints_critical", "RFC 5280 4.2.1.10",
            "Conforming CAs MUST mark this extension as critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->name_constraints;
                if (extension != nullptr && !extension->critical)
                    details.emplace_back("nameConstraints is not critical");
            }};
}

}  // namespace sealwright::profile::lints
