// eku_syntax.cpp: RFC 5280 4.2.1.12.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint eku_syntax() noexcept {
    return {"rfc5280_4_2_1_12_ext_key_usage_syntax", "RFC 5280 4.2.1.12",
            "ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->ext_key_usage;
                if (extension == nullptr) return;
                const auto content = sequence_content(extension->value);
                if (!content || content->empty() || !each_oid(*content, [](ByteView) {}))
                    details.emplace_back("extKeyUsage is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
