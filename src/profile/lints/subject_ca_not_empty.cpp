// subject_ca_not_empty.cpp: RFC 5280 4.1.2.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint subject_ca_not_empty() noexcept {
    return {"rfc5280_4_1_2_6_ca_subject_not_empty", "RFC 5280 4.1.2.6",
            "then the subject field MUST be populated with a non-empty distinguished name",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->is_ca() && subject.tbs.subject.empty())
                    details.emplace_back("a CA certificate has an empty subject");
            }};
}

}  // namespace sealwright::profile::lints
