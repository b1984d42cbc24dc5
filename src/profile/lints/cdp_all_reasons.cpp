// cdp_all_reasons.cpp: RFC 5280 4.2.1.13.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint cdp_all_reasons() noexcept {
    return {"rfc5280_4_2_1_13_point_for_all_reasons", "RFC 5280 4.2.1.13",
            "it MUST include at least one DistributionPoint that points to a CRL that covers the certificate for all "
            "reasons",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->crl_distribution_points;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (!content) return;
                bool covered = false;
                std::size_t count = 0;
                each_distribution_point(*content, [&](const DistributionPointView& point) {
                    ++count;
                    covered = covered || !point.has_reasons;
                });
                if (count > 0 && !covered) details.emplace_back("every distribution point is for some reasons only");
            }};
}

}  // namespace sealwright::profile::lints
