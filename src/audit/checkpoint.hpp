// checkpoint.hpp: the signed head of the log (C2SP tlog-checkpoint in a signed-note), by the audit key, never by a CA key.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/merkle_tree.hpp"
#include "crypto/spki.hpp"
#include "hsm/signer.hpp"

namespace sealwright::audit {

// note_key_id is the four-octet key hash of a signed note: for Ed25519 of name, LF, 0x01 and key; for ECDSA of the SubjectPublicKeyInfo.
std::array<std::uint8_t, 4> note_key_id(std::string_view name, const crypto::PublicKey& key);
// vkey is "name+hexkeyid+base64(type || key)".
std::string vkey(std::string_view name, const crypto::PublicKey& key);

// checkpoint_text is the three lines that are signed: origin, size, base64 root, each with a newline.
std::string checkpoint_text(std::string_view origin, const TreeHead& head);

// sign_checkpoint makes the whole note, key name = origin. The signature is verified before it is returned.
Result<std::string> sign_checkpoint(std::string_view origin, const TreeHead& head, const crypto::PublicKey& key, hsm::Signer& signer, const IntentId& intent);

// verify_checkpoint wants origin on the first line and a signature line by this key that holds; lines of others are ignored.
Result<TreeHead> verify_checkpoint(std::string_view note, std::string_view origin, const crypto::PublicKey& key);

}  // namespace sealwright::audit
