// signer_link.hpp: the signer as the rooms see it, also while there is none yet: the daemon starts, serves what needs
// no signature, and connects when the signer is there.
#pragma once

#include <memory>
#include <mutex>

#include "hsm/signer_process/client.hpp"

namespace sealwright::server {

// SignerLink is thread-safe. Without a connection everything is unavailable, surely not signed.
class SignerLink final : public hsm::Signer, public hsm::SignerJournal {
public:
    SignerLink(hsm::signer_process::ClientOptions options, Log& log) : options_(std::move(options)), log_(log) {}

    // connect tries for a few seconds at most; success where it stands already. After its first success the client
    // keeps the connection by itself.
    Result<void> connect();
    bool connected() const noexcept;

    // check_keys makes sure that the signer holds each of these keys for the purpose; config where it does not.
    struct Wanted {
        std::string_view name;
        KeyId key;
        hsm::Purpose purpose;
    };
    Result<void> check_keys(const std::vector<Wanted>& wanted) const;

    Result<Bytes> sign(const hsm::SignRequest& request) override;
    Result<crypto::PublicKey> public_key(const KeyId& key) override;
    Result<void> fence(const NodeId& node, BootEpoch epoch) override;
    Result<hsm::JournalState> look_up(const IntentId& intent, BootEpoch epoch) override;

private:
    std::shared_ptr<hsm::signer_process::Client> client() const;
    static Error absent() { return fail(ErrorCode::unavailable, "the signer is not connected"); }

    const hsm::signer_process::ClientOptions options_;
    Log& log_;
    std::mutex connecting_;
    mutable std::mutex mutex_;
    std::shared_ptr<hsm::signer_process::Client> client_;
};

}  // namespace sealwright::server
