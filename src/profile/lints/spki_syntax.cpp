// spki_syntax.cpp: RFC 5280 4.1.2.7.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_syntax() noexcept {
    return {"rfc5280_4_1_2_7_public_key_syntax", "RFC 5280 4.1.2.7",
            "the methods for encoding the public key materials (public key and parameters) are specified in [RFC3279]",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (!key) {
                    details.emplace_back("subjectPublicKeyInfo is not well-formed");
                } else if (key->unused_bits != 0) {
                    details.emplace_back("the public key is no whole number of octets");
                }
            }};
}

}  // namespace sealwright::profile::lints
