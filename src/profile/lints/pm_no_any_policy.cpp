// pm_no_any_policy.cpp: RFC 5280 4.2.1.5.
#include "profile/lints/lint.hpp"
#include "profile/lints/policy_mapping.hpp"

namespace sealwright::profile::lints {

CertificateLint pm_no_any_policy() noexcept {
    return {"rfc5280_4_2_1_5_no_mapping_of_any_policy", "RFC 5280 4.2.1.5",
            "Policies MUST NOT be mapped either to or from the special value anyPolicy",
            [](const CertificateSubject& subject, Details& details) {
                each_mapping(subject.view->policy_mappings, [&](ByteView from, ByteView to) {
                    if (equal(from, oid::kAnyPolicy) || equal(to, oid::kAnyPolicy))
                        details.emplace_back("anyPolicy is mapped");
                });
            }};
}

}  // namespace sealwright::profile::lints
