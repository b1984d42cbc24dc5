// aia_syntax.cpp: RFC 5280 4.2.2.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint aia_syntax() noexcept {
    return {"rfc5280_4_2_2_1_authority_access_syntax", "RFC 5280 4.2.2.1",
            "SEQUENCE SIZE (1..MAX) OF AccessDescription", [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->authority_info_access;
                if (extension != nullptr && !are_well_formed_accesses(extension->value))
                    details.emplace_back("authorityInfoAccess is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
