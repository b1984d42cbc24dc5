// cp_no_duplicates.cpp: RFC 5280 4.2.1.4.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint cp_no_duplicates() noexcept {
    return {"rfc5280_4_2_1_4_policy_once", "RFC 5280 4.2.1.4",
            "A certificate policy OID MUST NOT appear more than once in a certificate policies extension",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policies;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (!content) return;
                std::vector<ByteView> seen;
                each_policy(*content, [&](const PolicyView& policy) {
                    const bool again =
                        std::any_of(seen.begin(), seen.end(), [&](ByteView other) { return equal(other, policy.id); });
                    if (again) details.push_back("the policy " + asn1::format_oid(policy.id) + " stands there twice");
                    seen.push_back(policy.id);
                });
            }};
}

}  // namespace sealwright::profile::lints
