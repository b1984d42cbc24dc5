// spki_rsa_key.cpp: RFC 3279 2.3.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_rsa_key() noexcept {
    return {"rfc3279_2_3_1_rsa_public_key", "RFC 3279 2.3.1",
            "The RSA public key MUST be encoded using the ASN.1 type RSAPublicKey",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (key && key->type == crypto::KeyType::rsa && key->rsa_modulus.empty())
                    details.emplace_back("the public key is no RSAPublicKey of two positive integers");
            }};
}

}  // namespace sealwright::profile::lints
