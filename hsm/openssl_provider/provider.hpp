// provider.hpp: what the parts of the provider share: the key behind an EVP_PKEY, and the dispatch tables. Internal to
// hsm/openssl_provider.
#pragma once

#include <cstdint>
#include <openssl/core.h>
#include <optional>

#include "crypto/random.hpp"
#include "hsm/signer.hpp"

namespace sealwright::hsm::openssl_provider {

// The parameter by which make_tls_key hands a TokenKey to the key management: the number of an entry that claim_pending
// takes out once.
inline constexpr const char* kHandleParameter = "sealwright-token-key";

// TokenKey is a key in a token; without a signer it is a public half that OpenSSL imported to compare.
struct TokenKey {
    std::optional<crypto::PublicKey> key;
    Signer* signer = nullptr;
    crypto::Random* random = nullptr;
};

std::uint64_t add_pending(TokenKey key);
std::optional<TokenKey> claim_pending(std::uint64_t handle);

// The algorithms of OSSL_OP_KEYMGMT (key_management.cpp) and OSSL_OP_SIGNATURE (signature.cpp).
extern const OSSL_ALGORITHM kKeyManagement[];
extern const OSSL_ALGORITHM kSignatures[];

inline constexpr const char* kProperties = "provider=sealwright";

}  // namespace sealwright::hsm::openssl_provider
