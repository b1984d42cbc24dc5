// proof_task.hpp: what a key of a token that came up has to do before it gets work: sign a fresh challenge. The halves
// that the token shows could belong to another private key than the one inside.
#pragma once

#include <functional>

#include "hsm/signer_process/journal_record.hpp"
#include "hsm/signer_process/limits.hpp"
#include "hsm/signer_process/token_task.hpp"

namespace sealwright::hsm::signer_process {

class ProofTask final : public TokenTask {
public:
    // Told is called once, on any thread: success; invalid_signature (another key answered); or why nothing came.
    using Told = std::function<void(const Result<void>&)>;

    // limits are those of a key that signs, and outlive this; key is what the token shows of it.
    ProofTask(const KeyLimits& limits, crypto::PublicKey key, std::chrono::steady_clock::time_point deadline,
              Told told);

    // record is what is journaled before the token with this serial number is asked.
    ProofRecord record(const std::string& serial) const;

    const KeyId& key() const noexcept override { return limits_.id; }
    const crypto::SignatureAlgorithm& algorithm() const noexcept override { return limits_.algorithms.front(); }
    ByteView octets() const noexcept override { return challenge_; }
    Kind kind() const noexcept override { return Kind::message; }
    bool is_proof() const noexcept override { return true; }
    bool is_wanted() const noexcept override { return true; }
    void succeed(Bytes signature) noexcept override { told_(key_.verify(algorithm(), challenge_, signature)); }
    void refuse(const Error& why) noexcept override { told_(why); }
    void lose_sight(const Error& why) noexcept override { told_(why); }

private:
    const KeyLimits& limits_;
    const crypto::PublicKey key_;
    Bytes challenge_;
    const Told told_;
};

}  // namespace sealwright::hsm::signer_process
