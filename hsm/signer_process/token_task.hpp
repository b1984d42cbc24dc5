// token_task.hpp: one signature on its way to a token: journaled already, so that it is asked for once and its outcome
// is told once.
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
    // octets is the message, or its digest where is_digest says so; they live as long as the task.
    virtual ByteView octets() const noexcept = 0;
    virtual bool is_digest() const noexcept = 0;
    // is_wanted: whoever asked is still there. What is not wanted any more is refused before the token is asked.
    virtual bool is_wanted() const noexcept = 0;
    std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }

    virtual void succeed(Bytes signature) noexcept = 0;
    virtual void refuse(const Error& why) noexcept = 0;      // surely not signed
    virtual void lose_sight(const Error& why) noexcept = 0;  // it may have been signed

private:
    const std::chrono::steady_clock::time_point deadline_;
};

}  // namespace sealwright::hsm::signer_process
