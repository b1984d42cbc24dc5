// cp_syntax.cpp: RFC 5280 4.2.1.4.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

bool is_user_notice(ByteView encoding) {
    const auto content = sequence_content(encoding);
    if (!content) return false;
    asn1::DerReader reader{*content};
    if (!reader.optional(asn1::kSequence)) return false;  // noticeRef
    return reader.at_end() || (reader.next() && reader.at_end());
}

bool are_policies(ByteView value) {
    const auto content = sequence_content(value);
    if (!content || content->empty()) return false;
    bool sound = true;
    const bool walked = each_policy(*content, [&](const PolicyView& policy) {
        if (!policy.qualifiers) return;
        sound = sound && !policy.qualifiers->empty();
        sound = each_qualifier(*policy.qualifiers,
                               [&](const QualifierView& qualifier) {
                                   if (equal(qualifier.id, oid::kUserNoticeQualifier))
                                       sound = sound && is_user_notice(qualifier.value.encoding);
                               }) &&
                sound;
    });
    return walked && sound;
}

}  // namespace

CertificateLint cp_syntax() noexcept {
    return {"rfc5280_4_2_1_4_policies_syntax", "RFC 5280 4.2.1.4",
            "certificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policies;
                if (extension != nullptr && !are_policies(extension->value))
                    details.emplace_back("certificatePolicies is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
