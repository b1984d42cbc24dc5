// requester.hpp: who asks the signer, as what is behind the socket sees a connection, and how answers that come
// together travel together.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "hsm/signer_process/wire.hpp"

namespace sealwright::hsm::signer_process {

// Requester: thread-safe.
class Requester {
public:
    virtual ~Requester() = default;
    // stands: the peer is still there and its epoch is not fenced off. What it asked for is dropped otherwise, at the
    // latest before C_Sign.
    virtual bool stands() const noexcept = 0;
    // answer sends a message, at once or, inside AnswersTogether, at the latest when that ends. Neither it nor deliver
    // waits for the peer: they are called by threads that serve all peers.
    virtual void answer(std::uint64_t number, const ServerMessage& message) noexcept = 0;
    // deliver sends what was answered and held back, or leaves it to who serves the peer.
    virtual void deliver() noexcept = 0;
};

// AnswersTogether: while one stands on a thread's stack, what the thread answers waits, and goes out in one piece for
// each requester when it ends: a send for every signature of a packet costs more than some tokens' signatures. To be
// ended under no lock: it writes to sockets.
class AnswersTogether {
public:
    AnswersTogether() noexcept : outer_(std::exchange(current_, this)) {}
    ~AnswersTogether();
    AnswersTogether(const AnswersTogether&) = delete;
    AnswersTogether& operator=(const AnswersTogether&) = delete;

    // hold_back is true when this thread delivers for the requester later.
    static bool hold_back(const std::shared_ptr<Requester>& requester);
    // passing reaches the boundary when what was answered until now is delivered.
    static void passing(std::string_view boundary);

private:
    static thread_local AnswersTogether* current_;
    AnswersTogether* const outer_;
    std::vector<std::shared_ptr<Requester>> waiting_;
    std::string_view boundary_;
};

}  // namespace sealwright::hsm::signer_process
