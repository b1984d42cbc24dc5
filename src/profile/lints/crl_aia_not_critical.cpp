// crl_aia_not_critical.cpp: RFC 5280 5.2.7.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_aia_not_critical() noexcept {
    return {"rfc5280_5_2_7_crl_authority_access_not_critical", "RFC 5280 5.2.7",
            "This CRL extension MUST be marked as non-critical",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kAuthorityInfoAccess);
                if (extension != nullptr && extension->critical)
                    details.emplace_back("authorityInfoAccess is critical");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
