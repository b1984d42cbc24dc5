// iap_critical.cpp: RFC 5280 4.2.1.14.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint iap_critical() noexcept {
    return {"rfc5280_4_2_1_14_inhibit_any_policy_critical", "RFC 5280 4.2.1.14",
            "Conforming CAs MUST mark this extension as critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->inhibit_any_policy;
                if (extension != nullptr && !extension->critical)
                    details.emplace_back("inhibitAnyPolicy is not critical");
            }};
}

}  // namespace sealwright::profile::lints
