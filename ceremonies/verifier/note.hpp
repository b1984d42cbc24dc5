// note.hpp: the verifier's own reading of signed notes, verifier keys and checkpoints (C2SP signed-note and
// tlog-checkpoint).
#pragma once

#include "base/ids.hpp"
#include "crypto/spki.hpp"

namespace sealwright::verifier {

// NoteKey is a key that a note may be signed with: from a vkey, or a public key and a name.
struct NoteKey {
    std::string name;
    std::array<std::uint8_t, 4> id{};
    crypto::PublicKey key;
};
// parse_vkey reads "name+hexid+base64(type || key)"; the id must be the one that name and key make. make_note_key
// computes it.
Result<NoteKey> parse_vkey(std::string_view text);
Result<NoteKey> make_note_key(const std::string& name, const crypto::PublicKey& key);
std::string vkey_text(const NoteKey& key);

struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;
    Sha256 root;
    std::string text;  // what is signed
    struct Signature {
        std::string name;
        Bytes id_and_signature;
    };
    std::vector<Signature> signatures;  // may be none
};
// parse_checkpoint reads exactly one: three lines or more, an empty one, signature lines. It verifies nothing.
Result<Checkpoint> parse_checkpoint(std::string_view note);

// verify_note wants one signature by this key, which must hold, and the key's name as the origin.
Result<void> verify_note(const Checkpoint& checkpoint, const NoteKey& key);

}  // namespace sealwright::verifier
