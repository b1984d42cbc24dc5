// proof_task.hpp: what a key of a token that came up has to do before it gets work: sign a fresh challenge, or decrypt
// one where it does not sign. The halves that the token shows could belong to another private key than the one inside.
#pragma once

#include <functional>

#include "hsm/signer_process/journal_record.hpp"
#include "hsm/signer_process/limits.hpp"
#include "hsm/signer_process/token_task.hpp"

namespace sealwright::hsm::signer_process {

// ProofTask is journaled (record) and then asked for, like a signature.
class ProofTask : public TokenTask {
public:
    // Told is called once, on any thread: success; invalid_signature or token (another key answered); or why nothing
    // came. another is a new task, to be journaled and asked in place of this one, where the key may be able to prove
    // itself in another way that its limits name.
    using Told = std::function<void(const Result<void>& proof, std::shared_ptr<ProofTask> another)>;
    struct Question {
        const KeyLimits& limits;  // outlive the task
        crypto::PublicKey key;    // what the token shows
        std::string token_serial;
        std::chrono::steady_clock::time_point deadline;
        Told told;
    };
    // make gives the first task for a key. Errors: config for a key that could do nothing of what its limits name.
    static Result<std::shared_ptr<ProofTask>> make(Question question);

    virtual ProofRecord record() const = 0;

    const KeyId& key() const noexcept override { return question_.limits.id; }
    bool is_proof() const noexcept override { return true; }
    bool is_wanted() const noexcept override { return true; }
    void lose_sight(const Error& why) noexcept override { refuse(why); }

protected:
    explicit ProofTask(Question question) : TokenTask(question.deadline), question_(std::move(question)) {}
    const Question question_;
};

}  // namespace sealwright::hsm::signer_process
