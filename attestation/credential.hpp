// credential.hpp: TPM2_MakeCredential without a TPM (TPM 2.0 Part 1, 24 and C.6): a secret that only the TPM of this EK
// gives out, and only if it also holds the object with this Name.
#pragma once

#include "attestation/tpm_structs.hpp"
#include "base/secret.hpp"

namespace sealwright::attestation {

// Wrapped is a seed on its way to the holder of a key: encrypted is the content of TPM2B_ENCRYPTED_SECRET.
struct Wrapped {
    Secret seed;
    Bytes encrypted;
};
// wrap_rsa encrypts a given seed by OAEP with the key's nameAlg; label without its terminating zero, oaep_seed as long
// as the digest. wrap_ecc derives the seed from an exchange with the ephemeral key of this scalar (denied for a scalar
// that is none).
Result<Wrapped> wrap_rsa(const TpmPublic& key, std::string_view label, ByteView seed, ByteView oaep_seed);
Result<Wrapped> wrap_ecc(const TpmPublic& key, std::string_view label, ByteView scalar);

struct Credential {
    Bytes blob;              // TPM2B_ID_OBJECT
    Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};
// make_credential: random gives the seed and OAEP's seed, or the ephemeral scalar. unsupported for an EK without AES;
// too_large for a secret longer than the EK's digest.
Result<Credential> make_credential(const TpmPublic& ek, ByteView name, ByteView secret, crypto::Random& random);
// The same with the EK's key where it is read already.
Result<Credential> make_credential(const TpmPublic& ek, const crypto::PublicKey& key, ByteView name, ByteView secret,
                                   crypto::Random& random);

// seal_credential is the part behind the seed: TPM2B_ID_OBJECT of a secret for the object with this Name.
Result<Bytes> seal_credential(const TpmPublic& ek, ByteView name, ByteView secret, ByteView seed);

}  // namespace sealwright::attestation
