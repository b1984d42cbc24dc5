// spki_eddsa_key.cpp: RFC 8410 4.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_eddsa_key() noexcept {
    return {"rfc8410_4_eddsa_public_key", "RFC 8410 4", "subjectPublicKey contains the byte stream of the public key",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (!key) return;
                const bool ed25519 = key->type == crypto::KeyType::ed25519 && key->key.size() != 32;
                const bool ed448 = key->type == crypto::KeyType::ed448 && key->key.size() != 57;
                if (ed25519 || ed448)
                    details.push_back("the EdDSA public key has " + std::to_string(key->key.size()) + " octets");
            }};
}

}  // namespace sealwright::profile::lints
