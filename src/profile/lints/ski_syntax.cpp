// ski_syntax.cpp: RFC 5280 4.2.1.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ski_syntax() noexcept {
    return {"rfc5280_4_2_1_2_ski_syntax", "RFC 5280 4.2.1.2", "KeyIdentifier ::= OCTET STRING",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (view.subject_key_identifier != nullptr && (!view.subject_key || view.subject_key->empty()))
                    details.emplace_back("subjectKeyIdentifier is no OCTET STRING with octets in it");
            }};
}

}  // namespace sealwright::profile::lints
