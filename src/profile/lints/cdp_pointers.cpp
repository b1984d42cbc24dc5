// cdp_pointers.cpp: RFC 5280 4.2.1.13.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

// By 4.2.1.6 a URI is absolute; by this clause an LDAP URI says where and what.
CertificateLint cdp_pointers() noexcept {
    return {"rfc5280_4_2_1_13_pointers", "RFC 5280 4.2.1.13",
            "the URI MUST include a <dn> field containing the distinguished name of the entry holding the CRL",
            [](const CertificateSubject& subject, Details& details) {
                report_points(
                    subject.view->crl_distribution_points,
                    [](const GeneralNameView& name) { return pointer_problem(name); }, details);
            }};
}

}  // namespace sealwright::profile::lints
