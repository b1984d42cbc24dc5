// audit_mirror.hpp: the daemon's audit log read over the admin socket and rebuilt here: nothing of the daemon's own
// arithmetic is taken over. The tree that grows from the entries must be the one that the signed checkpoint names.
#pragma once

#include <functional>

#include "audit/merkle_tree.hpp"
#include "cli/admin_client.hpp"
#include "crypto/spki.hpp"

namespace sealwright::cli {

// SignedHead is a checkpoint whose signature holds. key_is_known: by the key that the caller gave; else by the one that
// the daemon named itself.
struct SignedHead {
    std::string note, vkey, origin;
    audit::TreeHead head;
    bool key_is_known = false;
};

// fetch_signed_head asks for a checkpoint signed now and verifies it.
Result<SignedHead> fetch_signed_head(AdminClient& client, const std::optional<crypto::PublicKey>& key);

// read_audit_key reads the audit key's public half, PEM labelled PUBLIC KEY.
Result<crypto::PublicKey> read_audit_key(const std::string& path);

// verify_saved_checkpoint reads a note saved earlier; it must be of this origin and by this head's key.
Result<audit::TreeHead> verify_saved_checkpoint(std::string_view note, const SignedHead& head,
                                                const crypto::PublicKey& key);

// parse_vkey reads "name+hexkeyid+base64(type || key)" (C2SP signed-note); the identifier must fit name and key.
struct NamedKey {
    std::string name;
    crypto::PublicKey key;
};
Result<NamedKey> parse_vkey(std::string_view vkey);

using Progress = std::function<void(std::uint64_t done, std::uint64_t of)>;

// fetch_entries gives entries first <= index < last, asking page after page.
Result<std::vector<Bytes>> fetch_entries(AdminClient& client, std::uint64_t first, std::uint64_t last);

// AuditMirror keeps the hash of every complete subtree (64 octets an entry), not the entries.
class AuditMirror {
public:
    // grow reads all entries below size and hashes them.
    Result<void> grow(AdminClient& client, std::uint64_t size, const Progress& progress);
    audit::TreeHead head() const { return range_.head(); }
    // head_at is the head of the first size entries, which must have been read.
    Result<audit::TreeHead> head_at(std::uint64_t size) const;
    Result<Sha256> node(unsigned level, std::uint64_t index) const;

private:
    audit::CompactRange range_;
    std::vector<std::vector<Sha256>> levels_;
};

}  // namespace sealwright::cli
