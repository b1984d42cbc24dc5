// cp_any_policy_qualifiers.cpp: RFC 5280 4.2.1.4.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint cp_any_policy_qualifiers() noexcept {
    return {"rfc5280_4_2_1_4_any_policy_qualifiers", "RFC 5280 4.2.1.4",
            "When qualifiers are used with the special policy anyPolicy, they MUST be limited to the qualifiers "
            "identified in this section",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policies;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (!content) return;
                each_policy(*content, [&](const PolicyView& policy) {
                    if (!equal(policy.id, oid::kAnyPolicy) || !policy.qualifiers) return;
                    each_qualifier(*policy.qualifiers, [&](const QualifierView& qualifier) {
                        const bool known =
                            equal(qualifier.id, oid::kCpsQualifier) || equal(qualifier.id, oid::kUserNoticeQualifier);
                        if (!known) details.push_back("anyPolicy has the qualifier " + asn1::format_oid(qualifier.id));
                    });
                });
            }};
}

}  // namespace sealwright::profile::lints
