// key_transport.hpp: how a secret goes to the holder of a public key, with all randomness given by the caller:
// RSAES-OAEP, ECDH with an ephemeral key, AES in CFB mode. And RSASSA-PSS with a salt of any length, which TPMs make.
#pragma once

#include <string_view>

#include "base/secret.hpp"
#include "crypto/spki.hpp"

namespace sealwright::crypto {

// oaep_encode is EME-OAEP of RFC 8017 7.1.1 with MGF1 of the same digest. label holds all octets that are hashed; seed
// has the digest's size. too_large where the message does not fit into a block of this size.
Result<Secret> oaep_encode(DigestAlgorithm algorithm, ByteView label, ByteView seed, ByteView message,
                           std::size_t block_size);

// rsa_encrypt_block is RSAEP of a block as long as the modulus; unsupported for other keys, malformed for a block that
// is not smaller than the modulus.
Result<Bytes> rsa_encrypt_block(const PublicKey& key, ByteView block);

// EcdhShare is one side of an exchange: coordinates padded to the curve's size.
struct EcdhShare {
    Bytes ephemeral_x, ephemeral_y;
    Secret shared_x;
};
// coordinate_size is the size of a coordinate of an EC key's curve in octets; zero for other keys.
std::size_t coordinate_size(const PublicKey& key) noexcept;
// ecdh_with_scalar makes an ephemeral key of a private scalar (big-endian) on the peer's curve and multiplies. denied
// for a scalar of zero or not below the order, which the caller draws again; unsupported for keys of other kinds.
Result<EcdhShare> ecdh_with_scalar(const PublicKey& peer, ByteView scalar);

// aes_cfb128_encrypt encrypts with an IV of zeros; the key has 16, 24 or 32 octets (unsupported otherwise).
Result<Bytes> aes_cfb128_encrypt(ByteView key, ByteView plain);

// verify_pss_any_salt verifies RSASSA-PSS whatever the salt's length: TPMs take the digest's or the largest that fits
// (TPM 2.0 Part 1, B.7).
Result<void> verify_pss_any_salt(const PublicKey& key, DigestAlgorithm algorithm, ByteView message, ByteView signature);

}  // namespace sealwright::crypto
