// san_critical_if_subject_empty.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint san_critical_if_subject_empty() noexcept {
    return {"rfc5280_4_2_1_6_alt_name_critical", "RFC 5280 4.2.1.6",
            "If the subject field contains an empty sequence, then the issuing CA MUST include a subjectAltName "
            "extension that is marked as critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->subject_alt_name;
                if (subject.tbs.subject.empty() && extension != nullptr && !extension->critical)
                    details.emplace_back("the subject is empty and subjectAltName is not critical");
            }};
}

}  // namespace sealwright::profile::lints
