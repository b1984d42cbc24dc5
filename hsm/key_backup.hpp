// key_backup.hpp: the file in which a wrapped key lies: what came out of one token, and what another one, which holds
// the same wrapping key, takes in. It opens nowhere but in a token that holds the wrapping key, and what it becomes
// there the wrapping key's own unwrap template says (token.hpp: create_wrapping_key). It is not authenticated: whoever
// restores is shown the SPKI, and the token proves that it holds the key of that SPKI.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "crypto/digest.hpp"
#include "crypto/spki.hpp"

namespace sealwright::hsm {

inline constexpr std::uint64_t kKeyBackupFormat = 1;
inline constexpr std::uint64_t kKeyBackupFormatWithParameters = 2;  // as 1, and with the parameters of the mechanism
inline constexpr std::size_t kMaxKeyBackup = 262144;

// RsaAesParameters are those of CKM_RSA_AES_KEY_WRAP (PKCS#11 3.1, 6.1.23): the size of the AES key, and the digest of
// OAEP, which is its MGF1's as well. SHA-256, or SHA-1 where the token has no other.
struct RsaAesParameters {
    unsigned aes_bits = 256;
    crypto::DigestAlgorithm oaep_digest = crypto::DigestAlgorithm::sha256;
};

struct KeyBackup {
    crypto::PublicKey public_key;
    std::string label;
    Bytes cka_id;
    std::string mechanism;  // "CKM_AES_KEY_WRAP_KWP"
    std::string wrapping_label;
    Bytes wrapping_cka_id;
    Bytes wrapping_check_value;  // of an RSA key the SHA-256 of its SPKI; empty where the token gave none
    std::string token_serial, token_label;
    UtcTime made_at{};
    std::string evidence;  // evidence_json of the key as it was backed up
    Bytes wrapped;
    std::optional<RsaAesParameters> rsa_aes = std::nullopt;  // exactly where mechanism is CKM_RSA_AES_KEY_WRAP
};

// key_backup_der writes
//
//   KeyBackup ::= SEQUENCE { content Content, digest OCTET STRING }    -- SHA-256 of content's encoding
//   Content ::= SEQUENCE {
//     format       INTEGER (1 | 2),
//     key          SEQUENCE { spki SubjectPublicKeyInfo, label UTF8String, id OCTET STRING },
//     wrappingKey  SEQUENCE { mechanism UTF8String, label UTF8String, id OCTET STRING, checkValue OCTET STRING,
//                             parameters SEQUENCE { aesKeyBits INTEGER (256), oaepDigest UTF8String } },  -- in 2 alone
//     token        SEQUENCE { serial UTF8String, label UTF8String, time GeneralizedTime },
//     evidence     UTF8String,
//     wrapped      OCTET STRING }
//
// of format 1 where the mechanism takes no parameters, else of format 2. oaepDigest is "SHA256" or "SHA1".
// parse_key_backup reads exactly that (malformed, with what is wrong; unsupported for another format, kind of key or
// parameters; too_large over kMaxKeyBackup). The digest finds damage, not forgery.
Bytes key_backup_der(const KeyBackup& backup);
Result<KeyBackup> parse_key_backup(ByteView der);

}  // namespace sealwright::hsm
