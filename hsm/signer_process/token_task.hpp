// token_task.hpp: one request on its way to a token: a signature, journaled already, so that it is asked for once and
// its outcome is told once; or something to decrypt, which may be asked for again.
#pragma once

#include <chrono>

#include "hsm/signer.hpp"

namespace sealwright::hsm::signer_process {

// TokenTask: exactly one of the three endings is called, once, on any thread.
class TokenTask {
public:
    explicit TokenTask(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}
    virtual ~TokenTask() = default;
    TokenTask(const TokenTask&) = delete;
    TokenTask& operator=(const TokenTask&) = delete;

    virtual const KeyId& key() const noexcept = 0;
    virtual const crypto::SignatureAlgorithm& algorithm() const noexcept = 0;
    // kind says what octets are: a message to sign, its digest, or a request to decrypt (wire.hpp,
    // append_decrypt_request). They live as long as the task.
    enum class Kind { message, digest, decrypt };
    virtual Kind kind() const noexcept = 0;
    virtual ByteView octets() const noexcept = 0;
    // is_wanted: whoever asked is still there. What is not wanted any more is refused before the token is asked.
    virtual bool is_wanted() const noexcept = 0;
    std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }
    // is_proof: for one token and one life of its process; never handed to another.
    virtual bool is_proof() const noexcept { return false; }
    // survive_loss counts a process that ended with this task under way; what decrypts may be asked for again once,
    // lest what ends processes goes on to the next.
    bool survive_loss() noexcept { return kind() == Kind::decrypt && losses_++ == 0; }

    virtual void succeed(Bytes answer) noexcept = 0;         // the signature, or what was decrypted
    virtual void refuse(const Error& why) noexcept = 0;      // surely not signed
    virtual void lose_sight(const Error& why) noexcept = 0;  // it may have been signed

private:
    const std::chrono::steady_clock::time_point deadline_;
    unsigned losses_ = 0;
};

}  // namespace sealwright::hsm::signer_process
