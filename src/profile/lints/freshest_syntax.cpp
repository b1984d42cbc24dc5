// freshest_syntax.cpp: RFC 5280 4.2.1.15.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint freshest_syntax() noexcept {
    return {"rfc5280_4_2_1_15_freshest_crl_syntax", "RFC 5280 4.2.1.15", "FreshestCRL ::= CRLDistributionPoints",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->freshest_crl;
                if (extension != nullptr && !are_well_formed_points(extension->value))
                    details.emplace_back("freshestCRL is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
