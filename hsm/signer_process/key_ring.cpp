#include "hsm/signer_process/key_ring.hpp"

#include <algorithm>

namespace sealwright::hsm::signer_process {

KeyRing::KeyRing(const std::vector<KeyLimits>& keys, std::function<bool(const KeyId&)> signs_digests)
    : keys_(keys), signs_digests_(std::move(signs_digests)) {}

const KeyLimits* KeyRing::limits_of(const KeyId& key) const {
    const auto found =
        std::find_if(keys_.begin(), keys_.end(), [&](const KeyLimits& limits) { return limits.id == key; });
    return found == keys_.end() ? nullptr : &*found;
}

const KeyLimits* KeyRing::learn(const crypto::PublicKey& key) {
    const KeyLimits* limits = limits_of(key.id());
    if (limits == nullptr) return nullptr;
    const std::scoped_lock lock{mutex_};
    return known_.emplace(limits->id, Entry{*limits, key}).second ? limits : nullptr;
}

Result<const KeyRing::Entry*> KeyRing::find(const KeyId& key) const {
    {
        const std::scoped_lock lock{mutex_};
        if (const auto found = known_.find(key); found != known_.end()) return &found->second;
    }
    if (const KeyLimits* limits = limits_of(key))
        return fail(ErrorCode::unavailable, "no token with this key has come up yet", "key " + limits->name);
    return fail(ErrorCode::not_found, "the signer has no such key", "key " + key.hex());
}

}  // namespace sealwright::hsm::signer_process
