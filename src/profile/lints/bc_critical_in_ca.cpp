// bc_critical_in_ca.cpp: RFC 5280 4.2.1.9.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint bc_critical_in_ca() noexcept {
    return {"rfc5280_4_2_1_9_basic_constraints_critical", "RFC 5280 4.2.1.9",
            "MUST mark the extension as critical in such certificates",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (view.is_ca() && view.has_usage(x509::kKeyCertSign) && !view.basic_constraints->critical)
                    details.emplace_back("basicConstraints of a CA is not critical");
            }};
}

}  // namespace sealwright::profile::lints
