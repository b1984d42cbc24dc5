// provider.hpp: what the parts of the provider share: the key behind an EVP_PKEY, and the dispatch tables. Internal to
// hsm/openssl_provider.
#pragma once

#include <openssl/core.h>
#include <cstdint>
#include <optional>

#include "crypto/random.hpp"
#include "hsm/decryptor.hpp"
#include "hsm/signer.hpp"

namespace sealwright::hsm::openssl_provider {

// The parameter by which evp_key.cpp hands a TokenKey to the key management: the number of an entry that claim_pending
// takes out once.
inline constexpr const char* kHandleParameter = "sealwright-token-key";

// TokenKey is a key in a token; without a signer and a decryptor it is a public half that OpenSSL imported to compare.
struct TokenKey {
    std::optional<crypto::PublicKey> key;
    std::optional<crypto::KeyType> curve = {};  // of an EC key of which OpenSSL has copied the parameters alone
    Signer* signer = nullptr;
    crypto::Random* random = nullptr;
    Purpose purpose = Purpose::tls;  // what every signature is asked for
    Decryptor* decryptor = nullptr;
    std::size_t content_key_size = 0;  // of what RSAES-PKCS1-v1_5 carries (decryptor.hpp)
};

// openssl_name is what OpenSSL calls keys of this type, in key management and signatures.
const char* openssl_name(crypto::KeyType type) noexcept;

// greatest_signature is the size that no signature of the key passes: an Ecdsa-Sig-Value has two INTEGERs that may each
// need a leading zero, with their headers.
std::size_t greatest_signature(const crypto::PublicKey& key) noexcept;

// raise leaves a reason in OpenSSL's error queue, where the caller of the operation finds it, and gives 0.
int raise(std::string_view what);

// threw raises what is being caught, and gives 0: no exception crosses the frames of OpenSSL, which are C.
int threw() noexcept;

std::uint64_t add_pending(TokenKey key);
std::optional<TokenKey> claim_pending(std::uint64_t handle);

// The algorithms of OSSL_OP_KEYMGMT (key_management.cpp), OSSL_OP_SIGNATURE (signature.cpp), OSSL_OP_ASYM_CIPHER
// (decryption.cpp) and OSSL_OP_KEYEXCH (agreement.cpp).
extern const OSSL_ALGORITHM kKeyManagement[];
extern const OSSL_ALGORITHM kSignatures[];
extern const OSSL_ALGORITHM kDecryption[];
extern const OSSL_ALGORITHM kAgreement[];

inline constexpr const char* kProperties = "provider=sealwright";

}  // namespace sealwright::hsm::openssl_provider
