// crl_aia_locations.cpp: RFC 5280 5.2.7.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CrlLint crl_aia_locations() noexcept {
    return {"rfc5280_5_2_7_crl_authority_access_locations", "RFC 5280 5.2.7",
            "The syntax and semantics defined in Section 4.2.2.1 for the certificate extension are also used for the "
            "CRL extension",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kAuthorityInfoAccess);
                if (extension == nullptr) return;
                if (!are_well_formed_accesses(extension->value))
                    details.emplace_back("authorityInfoAccess is not well-formed");
                report_access(
                    extension, [](const AccessView& access) { return pointer_problem(access.location); }, details);
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
