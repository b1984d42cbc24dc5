// sia_not_critical.cpp: RFC 5280 4.2.2.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint sia_not_critical() noexcept {
    return {"rfc5280_4_2_2_2_subject_access_not_critical", "RFC 5280 4.2.2.2",
            "Conforming CAs MUST mark this extension as non-critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->subject_info_access;
                if (extension != nullptr && extension->critical) details.emplace_back("subjectInfoAccess is critical");
            }};
}

}  // namespace sealwright::profile::lints
