// cdp_no_crl_issuer.cpp: RFC 5280 4.2.1.13.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// Our CAs issue their own CRLs, always.
CertificateLint cdp_no_crl_issuer() noexcept {
    return {"rfc5280_4_2_1_13_crl_issuer_omitted", "RFC 5280 4.2.1.13",
            "If the certificate issuer is also the CRL issuer, then conforming CAs MUST omit the cRLIssuer field and "
            "MUST include the distributionPoint field",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->crl_distribution_points;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (!content) return;
                each_distribution_point(*content, [&](const DistributionPointView& point) {
                    if (point.crl_issuer) details.emplace_back("a distribution point names a CRL issuer");
                });
            }};
}

}  // namespace sealwright::profile::lints
