// cdp_not_only_reasons.cpp: RFC 5280 4.2.1.13.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint cdp_not_only_reasons() noexcept {
    return {"rfc5280_4_2_1_13_point_not_only_reasons", "RFC 5280 4.2.1.13",
            "a DistributionPoint MUST NOT consist of only the reasons field; either distributionPoint or cRLIssuer "
            "MUST be present",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->crl_distribution_points;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (!content) return;
                each_distribution_point(*content, [&](const DistributionPointView& point) {
                    if (!point.full_name && !point.relative_name && !point.crl_issuer)
                        details.emplace_back("a distribution point has neither a name nor a CRL issuer");
                });
            }};
}

}  // namespace sealwright::profile::lints
