#include "server/signer_link.hpp"

namespace sealwright::server {

std::shared_ptr<hsm::signer_process::Client> SignerLink::client() const {
    const std::lock_guard lock{mutex_};
    return client_;
}

Result<void> SignerLink::connect() {
    const std::lock_guard one_at_a_time{connecting_};
    if (client()) return success();
    SEALWRIGHT_TRY(auto connected, hsm::signer_process::Client::connect(options_, log_));
    const std::lock_guard lock{mutex_};
    client_ = std::move(connected);
    return success();
}

bool SignerLink::connected() const noexcept {
    const auto now = client();
    return now && now->connected();
}

Result<void> SignerLink::check_keys(const std::vector<Wanted>& wanted) const {
    const auto now = client();
    if (!now) return absent();
    SEALWRIGHT_TRY(const auto keys, now->keys());
    std::string missing;
    for (const auto& want : wanted) {
        const bool held = std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
            return key.id == want.key &&
                   std::find(key.purposes.begin(), key.purposes.end(), want.purpose) != key.purposes.end();
        });
        if (held) continue;
        missing += (missing.empty() ? "" : "; ") + std::string{want.name} + " key " + want.key.hex() + " for " +
                   std::string{hsm::purpose_name(want.purpose)};
    }
    if (missing.empty()) return success();
    return fail(ErrorCode::config, "the signer does not hold the " + missing);
}

Result<Bytes> SignerLink::sign(const hsm::SignRequest& request) {
    const auto now = client();
    if (!now) return absent();
    return now->sign(request);
}

Result<crypto::PublicKey> SignerLink::public_key(const KeyId& key) {
    const auto now = client();
    if (!now) return absent();
    return now->public_key(key);
}

Result<void> SignerLink::fence(const NodeId& node, BootEpoch epoch) {
    const auto now = client();
    if (!now) return absent();
    return now->fence(node, epoch);
}

Result<hsm::JournalState> SignerLink::look_up(const IntentId& intent, BootEpoch epoch) {
    const auto now = client();
    if (!now) return absent();
    return now->look_up(intent, epoch);
}

}  // namespace sealwright::server
