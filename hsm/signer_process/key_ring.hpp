// key_ring.hpp: the keys that the signer serves: what each may sign, from the configuration, and its public half, which
// a token shows. A token may come up long after the signer has begun to listen.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "hsm/signer_process/limits.hpp"

namespace sealwright::hsm::signer_process {

// KeyRing: thread-safe. Keys are learnt, and neither change nor go.
class KeyRing {
public:
    struct Entry {
        KeyLimits limits;
        crypto::PublicKey key;
    };
    // keys outlive this. signs_digests: the tokens that are known to hold the key can be given a digest, so that a long
    // CRL need not be kept.
    KeyRing(const std::vector<KeyLimits>& keys, std::function<bool(const KeyId&)> signs_digests);

    // learn gives a configured key its public half; nullptr where it had it, or is none of ours.
    const KeyLimits* learn(const crypto::PublicKey& key);
    // find: the entry stands as long as this. not_found for a key that is not configured, unavailable for one whose
    // tokens have not come up yet.
    Result<const Entry*> find(const KeyId& key) const;
    const std::vector<KeyLimits>& all() const noexcept { return keys_; }
    bool signs_digests(const KeyId& key) const { return signs_digests_(key); }

private:
    const KeyLimits* limits_of(const KeyId& key) const;

    const std::vector<KeyLimits>& keys_;
    const std::function<bool(const KeyId&)> signs_digests_;
    mutable std::mutex mutex_;
    std::map<KeyId, Entry> known_;
};

}  // namespace sealwright::hsm::signer_process
