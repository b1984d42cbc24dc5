// sia_syntax.cpp: RFC 5280 4.2.2.2.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint sia_syntax() noexcept {
    return {"rfc5280_4_2_2_2_subject_access_syntax", "RFC 5280 4.2.2.2", "SEQUENCE SIZE (1..MAX) OF AccessDescription",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->subject_info_access;
                if (extension != nullptr && !are_well_formed_accesses(extension->value))
                    details.emplace_back("subjectInfoAccess is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
