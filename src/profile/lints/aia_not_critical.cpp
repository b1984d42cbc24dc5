// aia_not_critical.cpp: RFC 5280 4.2.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint aia_not_critical() noexcept {
    return {"rfc5280_4_2_2_1_authority_access_not_critical", "RFC 5280 4.2.2.1",
            "Conforming CAs MUST mark this extension as non-critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->authority_info_access;
                if (extension != nullptr && extension->critical)
                    details.emplace_back("authorityInfoAccess is critical");
            }};
}

}  // namespace sealwright::profile::lints
