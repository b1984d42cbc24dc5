// link.hpp: one standing connection of the client: frames out, answers matched by number, and for each request of a
// dead link whether its octets can have reached the signer. Internal to the client.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/one_shot.hpp"
#include "hsm/signer_process/unix_socket.hpp"
#include "hsm/signer_process/wire.hpp"

namespace sealwright::hsm::signer_process {

// Answer is a parsed answer that owns its octets.
struct Answer {
    std::optional<Error> error;
    Bytes octets;  // a signature, an SPKI or a secret
    JournalState state = JournalState::never_seen;
    std::vector<KeyDescription> keys;
};

// Call is one request under way. Shared by the caller, who waits, and the link, which completes it.
class Call {
public:
    Call() = default;
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    // An answer that nobody came for may be a secret.
    ~Call();
    // wait gives the answer, or nothing when the deadline passes first.
    std::optional<Answer> wait_until(std::chrono::steady_clock::time_point deadline);
    bool is_done() const noexcept { return answered_.has_fired(); }

private:
    friend class Link;
    void complete(Answer answer);

    OneShot answered_;
    std::optional<Answer> answer_;  // the caller's once it is answered
    // Guarded by the link's mutex.
    std::uint64_t end_ = 0;  // stream offset behind the request's last octet; 0 while it is not whole
    bool is_signature_ = false;
};

class Link {
public:
    struct Options {
        std::size_t max_outstanding = 1024;
        std::chrono::milliseconds patience{10000};  // with a signer that does not read
    };

    // establish says hello and fences, within a few seconds.
    static Result<std::shared_ptr<Link>> establish(Descriptor socket, const NodeId& node, BootEpoch epoch,
                                                   const Options& options);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    // start makes the thread that reads answers; died is called once, by that thread, when the link has broken.
    void start(std::function<void(const Error&)> died);
    // close breaks the link now and waits for its thread.
    void close();
    bool alive() const;

    // ask sends one request that fits a frame.
    Result<std::shared_ptr<Call>> ask(const ClientMessage& message);
    // ask_streamed sends a long TBS in chunks; it returns early, with the call, when the signer has answered before all
    // was sent.
    Result<std::shared_ptr<Call>> ask_streamed(const SignHead& head, ByteView tbs,
                                               std::chrono::steady_clock::time_point deadline);

    // forget drops a call that nobody waits for any more; its late answer is ignored.
    void forget(const std::shared_ptr<Call>& call);

private:
    Link(Descriptor socket, const Options& options) : socket_(std::move(socket)), options_(options) {}

    Result<void> shake_hands(const NodeId& node, BootEpoch epoch);
    Result<Answer> exchange(const ClientMessage& message, std::uint64_t number);
    Result<std::uint64_t> enlist(const std::shared_ptr<Call>& call, bool is_signature,
                                 std::unique_lock<std::mutex>& lock);
    Result<void> queue(std::uint64_t number, const ClientMessage& message, Call* whole,
                       std::unique_lock<std::mutex>& lock);
    void flush(std::unique_lock<std::mutex>& lock);
    void read_answers();
    Result<void> take_answers(ByteView& octets);
    void break_now(const Error& why, std::unique_lock<std::mutex>& lock);

    Descriptor socket_;
    Options options_;
    ReceiveBuffer received_{2 * kMaxFrame};  // of the reading thread, and the handshake before it
    std::thread reader_;
    std::function<void(const Error&)> died_;

    mutable std::mutex mutex_;
    std::condition_variable drained_;
    std::unordered_map<std::uint64_t, std::shared_ptr<Call>> calls_;
    std::uint64_t next_number_ = 1;
    Bytes outgoing_;
    Bytes sending_;  // the flushing thread's, without the lock
    bool flushing_ = false;
    std::uint64_t queued_ = 0;     // octets ever put into outgoing_
    std::uint64_t written_ = 0;    // octets that the kernel ever took
    std::uint64_t in_flight_ = 0;  // octets that a send without the mutex is handing over right now
    std::optional<Error> broken_;
};

}  // namespace sealwright::hsm::signer_process
