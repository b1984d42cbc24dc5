// aki_syntax.cpp: RFC 5280 4.2.1.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint aki_syntax() noexcept {
    return {"rfc5280_4_2_1_1_aki_syntax", "RFC 5280 4.2.1.1",
            "AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] KeyIdentifier OPTIONAL",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->authority_key_identifier != nullptr && !subject.view->authority_key)
                    details.emplace_back("authorityKeyIdentifier is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
