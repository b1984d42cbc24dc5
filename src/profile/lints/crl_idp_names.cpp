// crl_idp_names.cpp: RFC 5280 5.2.5.
#include "profile/lints/issuing_point.hpp"
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CrlLint crl_idp_names() noexcept {
    return {"rfc5280_5_2_5_issuing_point_names", "RFC 5280 5.2.5",
            "The syntax and semantics for the distributionPoint field are the same as for the distributionPoint field "
            "in the cRLDistributionPoints extension",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kIssuingDistributionPoint);
                const auto point = extension == nullptr ? std::nullopt : decode_issuing_point(extension->value);
                if (!point || !point->full_name) return;
                each_general_name(*point->full_name, [&](const GeneralNameView& name) {
                    const auto problem = pointer_problem(name);
                    if (!problem.empty()) details.push_back(text_of_name(name) + " " + std::string{problem});
                });
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
