// key_backup.hpp: the file in which a wrapped key lies: what came out of one token, and what another one, which holds
// the same wrapping key, takes in. It opens nowhere but in a token that holds the wrapping key, and what it becomes
// there the wrapping key's own unwrap template says (token.hpp: create_wrapping_key). It is not authenticated: whoever
// restores is shown the SPKI, and the token proves that it holds the key of that SPKI.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "crypto/spki.hpp"

namespace sealwright::hsm {

inline constexpr std::uint64_t kKeyBackupFormat = 1;
inline constexpr std::size_t kMaxKeyBackup = 262144;

struct KeyBackup {
    crypto::PublicKey public_key;
    std::string label;
    Bytes cka_id;
    std::string mechanism;  // "CKM_AES_KEY_WRAP_KWP"
    std::string wrapping_label;
    Bytes wrapping_cka_id;
    Bytes wrapping_check_value;  // empty where the token gave none
    std::string token_serial, token_label;
    UtcTime made_at{};
    std::string evidence;  // evidence_json of the key as it was backed up
    Bytes wrapped;
};

// key_backup_der writes
//
//   KeyBackup ::= SEQUENCE { content Content, digest OCTET STRING }    -- SHA-256 of content's encoding
//   Content ::= SEQUENCE {
//     format       INTEGER (1),
//     key          SEQUENCE { spki SubjectPublicKeyInfo, label UTF8String, id OCTET STRING },
//     wrappingKey  SEQUENCE { mechanism UTF8String, label UTF8String, id OCTET STRING, checkValue OCTET STRING },
//     token        SEQUENCE { serial UTF8String, label UTF8String, time GeneralizedTime },
//     evidence     UTF8String,
//     wrapped      OCTET STRING }
//
// parse_key_backup reads exactly that (malformed, with what is wrong; unsupported for another format or kind of key;
// too_large over kMaxKeyBackup). The digest finds damage, not forgery.
Bytes key_backup_der(const KeyBackup& backup);
Result<KeyBackup> parse_key_backup(ByteView der);

}  // namespace sealwright::hsm
