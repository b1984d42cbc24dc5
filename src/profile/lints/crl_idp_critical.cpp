// crl_idp_critical.cpp: RFC 5280 5.2.5.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_idp_critical() noexcept {
    return {"rfc5280_5_2_5_issuing_point_critical", "RFC 5280 5.2.5",
            "The issuing distribution point is a critical CRL extension",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kIssuingDistributionPoint);
                if (extension != nullptr && !extension->critical)
                    details.emplace_back("issuingDistributionPoint is not critical");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
