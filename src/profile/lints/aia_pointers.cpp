// aia_pointers.cpp: RFC 5280 4.2.2.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint aia_pointers() noexcept {
    return {"rfc5280_4_2_2_1_pointers", "RFC 5280 4.2.2.1",
            "MUST include a <dn> field containing the distinguished name of the entry holding the certificates",
            [](const CertificateSubject& subject, Details& details) {
                report_access(
                    subject.view->authority_info_access,
                    [](const AccessView& access) { return pointer_problem(access.location); }, details);
            }};
}

}  // namespace sealwright::profile::lints
