// checkpointer.hpp: signs the head of the audit log when it has moved, keeps the note in the store, and exports the log
// as tiles.
#pragma once

#include <filesystem>
#include <mutex>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"
#include "crypto/spki.hpp"
#include "hsm/signer.hpp"
#include "issuance/ca_store.hpp"
#include "protocols/admin/ports.hpp"

namespace sealwright::server {

// Checkpointer is thread-safe; one checkpoint at a time.
class Checkpointer {
public:
    struct Options {
        std::string origin;
        crypto::PublicKey key;
        std::filesystem::path folder;  // of the tiles
    };
    Checkpointer(Options options, issuance::CaStore& store, hsm::Signer& signer, crypto::Random& random, Log& log);

    // checkpoint signs the head of now, unless that is the one signed last.
    Result<protocols::admin::Checkpoint> checkpoint();
    // checkpoint_and_export also brings the folder up to it.
    Result<void> checkpoint_and_export();

    // signed_size is the size of the last head that was signed in this run.
    std::uint64_t signed_size() const;

private:
    Result<void> sign_head();
    Result<void> export_now();
    std::uint64_t exported_size() const;

    const Options options_;
    const std::string vkey_;
    issuance::CaStore& store_;
    hsm::Signer& signer_;
    crypto::Random& random_;
    Log& log_;
    mutable std::mutex mutex_;
    std::optional<std::string> note_;
    audit::TreeHead head_;
    std::optional<std::uint64_t> exported_;
};

}  // namespace sealwright::server
