// key_blob.hpp: a key that only its TPM can use, as the two structures that the TPM gives out and takes back in; and
// the file in which OpenSSL's tpm2 provider finds such a key.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "crypto/spki.hpp"

namespace sealwright::tpm {

// KeyBlob is no secret: private_area is encrypted by the parent, and no other TPM can open it.
struct KeyBlob {
    Bytes public_area;   // TPM2B_PUBLIC
    Bytes private_area;  // TPM2B_PRIVATE
    friend bool operator==(const KeyBlob&, const KeyBlob&) = default;
};

inline constexpr std::size_t kMaxArea = 4096;  // octets of either area

// public_key_of reads the key from a TPM2B_PUBLIC: RSA, P-256 or P-384.
Result<crypto::PublicKey> public_key_of(ByteView public_area);

// encode_tss2_pem writes a "TSS2 PRIVATE KEY": a loadable key (2.23.133.10.1.3) without a password, whose parent is the
// storage primary that the reader makes in the owner hierarchy.
std::string encode_tss2_pem(const KeyBlob& blob);
// parse_tss2_pem reads what encode_tss2_pem wrote, and nothing else.
Result<KeyBlob> parse_tss2_pem(std::string_view pem);

}  // namespace sealwright::tpm
