// decryption_proof.hpp: how a key that decrypts or agrees and does not sign shows that somebody holds its private half:
// fresh content is encrypted to it and has to come back. Nothing here knows who decrypts.
#pragma once

#include <vector>

#include "crypto/random.hpp"
#include "crypto/spki.hpp"
#include "hsm/decryptor.hpp"

namespace sealwright::hsm {

struct DecryptionWay {
    DecryptScheme scheme = DecryptScheme::rsa_oaep;
    crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::sha256;  // of rsa_oaep alone
    friend bool operator==(const DecryptionWay&, const DecryptionWay&) = default;
};

// decryption_ways gives the ways in which a key of this type could prove itself, the first that the token does being
// enough: OAEP with SHA-1, which nearly every token has and on which nothing but this proof hangs; with SHA-256, where
// SHA-1 is gone; PKCS#1 v1.5. ECDH for keys on NIST's curves. Empty for others.
std::vector<DecryptionWay> decryption_ways(const crypto::PublicKey& key);

// may_be_lacking: the error may mean that the token lacks the way, so that the next one is worth a try. A token may say
// so only as it decrypts, which reads like a wrong block.
bool may_be_lacking(const Error& error) noexcept;

// DecryptionProof is one challenge. Move-only.
class DecryptionProof {
public:
    // make draws the content and encrypts it. Errors: unsupported for a key that the way does not fit, too_large for
    // one that is too small for it.
    static Result<DecryptionProof> make(const crypto::PublicKey& key, const DecryptionWay& way, crypto::Random& random);

    // request is what has to be decrypted; its views live as long as this and do not move with it.
    DecryptRequest request() const;
    // check: token where something else came back than what was encrypted.
    Result<void> check(ByteView answer) const;

private:
    DecryptionProof(const KeyId& key, const DecryptionWay& way, Bytes input, Secret expected)
        : key_(key), way_(way), input_(std::move(input)), expected_(std::move(expected)) {}

    KeyId key_;
    DecryptionWay way_;
    Bytes input_;
    Secret expected_;
};

}  // namespace sealwright::hsm
