// cdp_syntax.cpp: RFC 5280 4.2.1.13.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint cdp_syntax() noexcept {
    return {"rfc5280_4_2_1_13_distribution_points_syntax", "RFC 5280 4.2.1.13",
            "CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->crl_distribution_points;
                if (extension != nullptr && !are_well_formed_points(extension->value))
                    details.emplace_back("cRLDistributionPoints is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
