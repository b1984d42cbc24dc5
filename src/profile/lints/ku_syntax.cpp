// ku_syntax.cpp: RFC 5280 4.2.1.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_syntax() noexcept {
    return {"rfc5280_4_2_1_3_key_usage_syntax", "RFC 5280 4.2.1.3", "KeyUsage ::= BIT STRING",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->key_usage_extension != nullptr && !subject.view->key_usage)
                    details.emplace_back("keyUsage is no list of the nine named bits in DER");
            }};
}

}  // namespace sealwright::profile::lints
