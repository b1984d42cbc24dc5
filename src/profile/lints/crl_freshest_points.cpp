// crl_freshest_points.cpp: RFC 5280 5.2.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CrlLint crl_freshest_points() noexcept {
    return {"rfc5280_5_2_6_freshest_crl_points", "RFC 5280 5.2.6",
            "The reasons and cRLIssuer fields MUST be omitted from this CRL extension",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kFreshestCrl);
                if (extension == nullptr) return;
                if (!are_well_formed_points(extension->value)) {
                    details.emplace_back("freshestCRL is not well-formed");
                    return;
                }
                each_distribution_point(*sequence_content(extension->value), [&](const DistributionPointView& point) {
                    if (point.has_reasons || point.crl_issuer || (!point.full_name && !point.relative_name))
                        details.emplace_back("a point of freshestCRL must have a name and nothing else");
                });
                report_points(
                    extension, [](const GeneralNameView& name) { return pointer_problem(name); }, details);
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
