// decryptor.hpp: the port beside Signer through which protocols that were encrypted to a key of the house (SCEP, CMS)
// have it decrypt or agree. A request and its result are octets alone, so that they can be carried over a wire.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.hpp"
#include "base/secret.hpp"
#include "crypto/digest.hpp"

namespace sealwright::hsm {

// DecryptScheme: what the key does. Values are on the wire.
enum class DecryptScheme : std::uint8_t {
    rsa_oaep = 1,   // RSAES-OAEP (RFC 8017 7.1), MGF1 with the same digest
    rsa_pkcs1 = 2,  // RSAES-PKCS1-v1_5 (RFC 8017 7.2), with implicit rejection
    ecdh = 3,       // the x coordinate of the shared point (X9.63, SEC 1 3.3.1), which no KDF has touched
};
std::string_view decrypt_scheme_name(DecryptScheme scheme) noexcept;  // "rsa-oaep", ... as in configuration
Result<DecryptScheme> parse_decrypt_scheme_name(std::string_view name);

// kMaxContentKey bounds what RSAES-PKCS1-v1_5 carries here: a key for content, never content.
inline constexpr std::size_t kMaxContentKey = 64;

struct DecryptRequest {
    KeyId key;
    DecryptScheme scheme = DecryptScheme::rsa_oaep;
    crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::sha256;  // rsa_oaep: SHA-1 or SHA-2
    // For RSA the block, as long as the modulus; for ECDH the peer's point, uncompressed (04 || x || y). Must live
    // until decrypt returns.
    ByteView input;
    ByteView label = {};          // rsa_oaep: L, most often empty
    std::size_t secret_size = 0;  // rsa_pkcs1: how long the content key must be, 1 to kMaxContentKey
};

class Decryptor {
public:
    virtual ~Decryptor() = default;

    // decrypt blocks until the token has answered. Thread-safe.
    //
    // rsa_pkcs1 never says whether the padding held (Bleichenbacher; RFC 3218 2.3.2, RFC 8017 7.2): a block that does
    // not decrypt to exactly secret_size octets gives a key of that length that is drawn from the block itself and a
    // secret of this process, the same for the same block. The caller finds out when the content does not decrypt, and
    // must answer the same way in both cases.
    //
    // Errors: denied (purpose or limit), not_found (no such key), malformed (input of the wrong length, a point that is
    // not on the key's curve, an OAEP block that does not decrypt), unsupported (the token lacks it, or the key is of
    // another kind), unavailable, overloaded, token.
    virtual Result<Secret> decrypt(const DecryptRequest& request) = 0;
};

}  // namespace sealwright::hsm
