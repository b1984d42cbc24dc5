// sia_pointers.cpp: RFC 5280 4.2.2.2.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint sia_pointers() noexcept {
    return {"rfc5280_4_2_2_2_pointers", "RFC 5280 4.2.2.2",
            "Where the information is available via HTTP or FTP, accessLocation MUST be a uniformResourceIdentifier",
            [](const CertificateSubject& subject, Details& details) {
                report_access(
                    subject.view->subject_info_access,
                    [](const AccessView& access) { return pointer_problem(access.location); }, details);
            }};
}

}  // namespace sealwright::profile::lints
