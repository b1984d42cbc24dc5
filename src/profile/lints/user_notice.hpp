// user_notice.hpp: the texts of UserNotice qualifiers (RFC 5280 4.2.1.4), for the lints of their form and length.
#pragma once

#include "asn1/oid.hpp"
#include "profile/lints/decode.hpp"

namespace sealwright::profile::lints {

// each_explicit_text visits the explicitText of every UserNotice in a certificatePolicies extension.
template <class Visit>
void each_explicit_text(const x509::Extension* extension, Visit&& visit) {
    const auto policies = extension == nullptr ? std::nullopt : sequence_content(extension->value);
    if (!policies) return;
    each_policy(*policies, [&](const PolicyView& policy) {
        if (!policy.qualifiers) return;
        each_qualifier(*policy.qualifiers, [&](const QualifierView& qualifier) {
            if (!equal(qualifier.id, asn1::oid::kUserNoticeQualifier) || qualifier.value.tag != asn1::kSequence) return;
            asn1::DerReader reader{qualifier.value.content};
            if (!reader.optional(asn1::kSequence) || reader.at_end()) return;  // noticeRef
            if (const auto text = reader.next()) visit(text.value());
        });
    });
}

}  // namespace sealwright::profile::lints
