// crl_aia_only_ca_issuers.cpp: RFC 5280 5.2.7.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

// With the clause before it, "MUST include at least one AccessDescription specifying id-ad-caIssuers": the syntax wants
// one entry, this lint its method.
CrlLint crl_aia_only_ca_issuers() noexcept {
    return {"rfc5280_5_2_7_only_ca_issuers", "RFC 5280 5.2.7",
            "Access method types other than id-ad-caIssuers MUST NOT be included",
            [](const CrlSubject& subject, Details& details) {
                report_access(
                    subject.view->find(oid::kAuthorityInfoAccess),
                    [](const AccessView& access) -> std::string_view {
                        return equal(access.method, oid::kAdCaIssuers)
                                   ? ""
                                   : "is reached by another access method than id-ad-caIssuers";
                    },
                    details);
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
