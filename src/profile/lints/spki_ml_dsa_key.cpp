// spki_ml_dsa_key.cpp: RFC 9881 4.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {
namespace {

// FIPS 204, table 2.
std::size_t ml_dsa_key_size(crypto::KeyType type) {
    switch (type) {
        case crypto::KeyType::ml_dsa_44:
            return 1312;
        case crypto::KeyType::ml_dsa_65:
            return 1952;
        default:
            return 2592;
    }
}

}  // namespace

CertificateLint spki_ml_dsa_key() noexcept {
    return {"rfc9881_4_ml_dsa_public_key", "RFC 9881 4", "the raw byte string of the public key in FIPS 204",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (!key || !key->type || !crypto::is_ml_dsa(*key->type)) return;
                if (key->key.size() != ml_dsa_key_size(*key->type))
                    details.push_back("the ML-DSA public key has " + std::to_string(key->key.size()) + " octets");
            }};
}

}  // namespace sealwright::profile::lints
