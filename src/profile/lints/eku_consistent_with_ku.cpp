// eku_consistent_with_ku.cpp: RFC 5280 4.2.1.12.
#include "profile/lints/lint.hpp"
#include "profile/usage_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint eku_consistent_with_ku() noexcept {
    return {
        "rfc5280_4_2_1_12_purposes_consistent_with_key_usage", "RFC 5280 4.2.1.12",
        "If there is no purpose consistent with both extensions, then the certificate MUST NOT be used for any purpose",
        [](const CertificateSubject& subject, Details& details) {
            const auto& view = *subject.view;
            const auto content =
                view.ext_key_usage == nullptr ? std::nullopt : sequence_content(view.ext_key_usage->value);
            // A CA's purposes are those of the certificates under it.
            if (!content || view.is_ca() || !view.key_usage || *view.key_usage == 0) return;
            each_oid(*content, [&](ByteView purpose) {
                const x509::KeyUsage wanted = usages_of_purpose(purpose);
                if (wanted != 0 && !view.has_usage(wanted))
                    details.push_back(asn1::oid_name(purpose) + " is consistent with no bit of keyUsage");
            });
        }};
}

}  // namespace sealwright::profile::lints
