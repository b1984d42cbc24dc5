// possession.hpp: step 2. A public key whose private half the requester has proved to hold is a ProvenKey; nothing else
// makes one.
#pragma once

#include "issuance/request.hpp"

namespace sealwright::issuance {

class ProvenKey {
public:
    const crypto::PublicKey& key() const noexcept { return key_; }

private:
    friend Result<ProvenKey> verify_possession(const Proof& proof);
    explicit ProvenKey(crypto::PublicKey key) : key_(std::move(key)) {}
    crypto::PublicKey key_;
};

// verify_possession gives the key that the proof is about, or invalid_signature; unsupported for signatures that we do
// not verify (SHA-1). It says nothing about the key's strength, which is the profile's business.
Result<ProvenKey> verify_possession(const Proof& proof);

}  // namespace sealwright::issuance
