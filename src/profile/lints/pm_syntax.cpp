// pm_syntax.cpp: RFC 5280 4.2.1.5.
#include "profile/lints/lint.hpp"
#include "profile/lints/policy_mapping.hpp"

namespace sealwright::profile::lints {

CertificateLint pm_syntax() noexcept {
    return {"rfc5280_4_2_1_5_mappings_syntax", "RFC 5280 4.2.1.5",
            "PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policy_mappings;
                if (extension != nullptr && !each_mapping(extension, [](ByteView, ByteView) {}))
                    details.emplace_back("policyMappings is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
