// outbox.hpp: what one peer was answered and has not taken yet. Nobody waits for the peer here: what the kernel does
// not take at once is left over for the thread that serves this peer alone, because those that answer serve others as
// well.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "hsm/signer_process/wire.hpp"

namespace sealwright::hsm::signer_process {

// Outbox is thread-safe; its socket outlives it. It wipes what it held: that may be what was decrypted.
class Outbox {
public:
    static constexpr std::size_t kMost = 4U << 20U;      // octets that wait; what comes beyond is the end
    static constexpr std::chrono::seconds kPatience{5};  // with a peer that takes nothing of what is left over

    enum class Sent { all, left_over, broken };  // broken: the peer is gone, or the outbox is closed
    // Left is what waits for the peer, and until when it may, if nothing of it is taken before.
    struct Left {
        std::size_t octets = 0;
        std::chrono::steady_clock::time_point give_up;
    };

    explicit Outbox(int socket) noexcept : socket_(socket) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox();

    // append adds a message, to be sent by whoever calls send next, and tells how many octets wait; none once it is
    // closed. More than kMost close it.
    std::size_t append(std::uint64_t number, const ServerMessage& message);

    // send hands the kernel what it takes at once, of what other threads append meanwhile as well, but not for long.
    // left_over is told to one caller: from then on only resume sends, and who serves the peer has to know.
    Sent send() noexcept;
    // resume sends what was left over; for the thread that serves the peer, when the socket can be written to.
    Sent resume() noexcept;
    // left: nothing while there is nothing left over.
    std::optional<Left> left() const;

    // close drops what waits. Nothing is taken or sent any more.
    void close() noexcept;
    // is_overfull: more than kMost waited.
    bool is_overfull() const;

private:
    std::size_t waiting() const noexcept { return outgoing_.size() + sending_.size() - sent_; }
    bool has_more() noexcept;
    Sent send_some(std::unique_lock<std::mutex>& lock) noexcept;
    void end() noexcept;
    void drop() noexcept;

    const int socket_;
    mutable std::mutex mutex_;
    Bytes outgoing_;
    Bytes sending_;         // the sending thread reads it without the lock, and it alone changes it while is_sending_
    std::size_t sent_ = 0;  // of sending_
    bool is_sending_ = false;
    bool is_left_over_ = false;
    bool is_closed_ = false;
    bool is_overfull_ = false;
    std::chrono::steady_clock::time_point give_up_;
};

}  // namespace sealwright::hsm::signer_process
