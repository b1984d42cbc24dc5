// mechanism.hpp: our signature algorithms and key types against the mechanisms of PKCS#11: which mechanism, what
// parameters, what input, and how the token's raw answer becomes a signature as X.509 wants it. Internal to hsm/pkcs11.
#pragma once

#include <optional>
#include <set>

#include "crypto/spki.hpp"
#include "hsm/pkcs11/cryptoki.hpp"

namespace sealwright::hsm::pkcs11 {

// mechanism_name is "CKM_ECDSA", or hexadecimal ("0x80000001") for what has no name here.
std::string mechanism_name(unsigned long mechanism);

// MechanismSet is what C_GetMechanismList gave.
using MechanismSet = std::set<unsigned long>;

// SigningPlan is one C_SignInit and C_Sign to be. Not movable once mechanism() was taken: the parameters live inside.
struct SigningPlan {
    CK_MECHANISM_TYPE type = 0;
    bool has_pss = false;
    CK_RSA_PKCS_PSS_PARAMS pss{};
    bool has_eddsa = false;  // Ed448 wants its parameters (PKCS#11 3.0, 2.3.14); Ed25519 takes none
    CK_EDDSA_PARAMS_3_0 eddsa{};
    Bytes input;       // what C_Sign gets, unless message is set
    ByteView message;  // the caller's message itself, where the token hashes it

    CK_MECHANISM mechanism() noexcept;
    ByteView data() const noexcept { return input.empty() ? message : ByteView{input}; }
};

// plan_message plans a signature over a whole message. ECDSA is hashed here (SoftHSM 2.6.1 and others have CKM_ECDSA
// alone); RSA is hashed in the token where it has the mechanism, else here and padded in the token; never raw RSA.
// unsupported when the token lacks what it takes.
Result<SigningPlan> plan_message(const crypto::SignatureAlgorithm& algorithm, const MechanismSet& token,
                                 ByteView message);

// plan_digest plans a signature over a message of which only the digest is here. unsupported for EdDSA and ML-DSA,
// which sign messages.
Result<SigningPlan> plan_digest(const crypto::SignatureAlgorithm& algorithm, const MechanismSet& token,
                                ByteView digest);

// signature_of turns C_Sign's octets into a signature: Ecdsa-Sig-Value DER from r || s, else the octets, each of the
// key's right length.
Result<Bytes> signature_of(const crypto::SignatureAlgorithm& algorithm, const crypto::PublicKey& key, ByteView raw);

// allowed_mechanisms is CKA_ALLOWED_MECHANISMS for these algorithms: all that plan_message and plan_digest may choose
// on this token.
std::vector<CK_MECHANISM_TYPE> allowed_mechanisms(const std::vector<crypto::SignatureAlgorithm>& algorithms,
                                                  const MechanismSet& token);

// decryption_mechanisms is CKA_ALLOWED_MECHANISMS of a key that decrypts or agrees.
std::vector<CK_MECHANISM_TYPE> decryption_mechanisms(crypto::KeyType type, const MechanismSet& token);

// parameter_set is the CKA_PARAMETER_SET of an ML-DSA key type; nothing for other types. ml_dsa_type is its inverse.
std::optional<unsigned long> parameter_set(crypto::KeyType type);
std::optional<crypto::KeyType> ml_dsa_type(unsigned long set);

// generation_mechanism is the key pair generation mechanism of a key type.
Result<CK_MECHANISM_TYPE> generation_mechanism(crypto::KeyType type);

}  // namespace sealwright::hsm::pkcs11
