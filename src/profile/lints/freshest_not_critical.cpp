// freshest_not_critical.cpp: RFC 5280 4.2.1.15.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint freshest_not_critical() noexcept {
    return {"rfc5280_4_2_1_15_freshest_crl_not_critical", "RFC 5280 4.2.1.15",
            "The extension MUST be marked as non-critical by conforming CAs",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->freshest_crl;
                if (extension != nullptr && extension->critical) details.emplace_back("freshestCRL is critical");
            }};
}

}  // namespace sealwright::profile::lints
