// freshest_points.cpp: RFC 5280 4.2.1.15.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint freshest_points() noexcept {
    return {"rfc5280_4_2_1_15_freshest_crl_conventions", "RFC 5280 4.2.1.15",
            "The same conventions apply to both extensions", [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->freshest_crl;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (!content) return;
                each_distribution_point(*content, [&](const DistributionPointView& point) {
                    if (point.crl_issuer || (!point.full_name && !point.relative_name))
                        details.emplace_back("a point of freshestCRL must have a name and no CRL issuer");
                });
                report_points(
                    extension, [](const GeneralNameView& name) { return pointer_problem(name); }, details);
            }};
}

}  // namespace sealwright::profile::lints
