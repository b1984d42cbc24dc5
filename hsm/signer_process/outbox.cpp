#include "hsm/signer_process/outbox.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using SteadyClock = std::chrono::steady_clock;

// One call of send ends after so many pieces even where the peer takes all of it: whoever reads as fast as it is
// answered would otherwise have a thread that serves others for itself.
constexpr std::size_t kPiece = 65536;
constexpr unsigned kMostPieces = 4;

void wipe(Bytes& octets) noexcept {
    zeroise(octets.data(), octets.size());
    octets.clear();
}

}  // namespace

Outbox::~Outbox() { drop(); }

void Outbox::drop() noexcept {
    wipe(outgoing_);
    wipe(sending_);
    sent_ = 0;
}

// end: what a thread is sending at this moment it drops itself.
void Outbox::end() noexcept {
    is_closed_ = true;
    is_left_over_ = false;
    if (!is_sending_) drop();
}

std::size_t Outbox::append(std::uint64_t number, const ServerMessage& message) {
    const std::scoped_lock lock{mutex_};
    if (is_closed_) return 0;
    append_message(outgoing_, number, message);
    const std::size_t octets = waiting();
    if (octets <= kMost) return octets;
    is_overfull_ = true;
    end();
    return octets;
}

Outbox::Sent Outbox::send() noexcept {
    std::unique_lock lock{mutex_};
    // Whoever sends now takes along what was appended; whoever resumes does so later.
    if (is_sending_ || is_left_over_) return Sent::all;
    return send_some(lock);
}

Outbox::Sent Outbox::resume() noexcept {
    std::unique_lock lock{mutex_};
    return is_left_over_ ? send_some(lock) : Sent::all;
}

// has_more has sending_ hold what goes next.
bool Outbox::has_more() noexcept {
    if (is_closed_) return false;
    if (sent_ < sending_.size()) return true;
    wipe(sending_);
    sent_ = 0;
    sending_.swap(outgoing_);
    return !sending_.empty();
}

// send_some: the first thread to come sends for all that append meanwhile.
Outbox::Sent Outbox::send_some(std::unique_lock<std::mutex>& lock) noexcept {
    is_sending_ = true;
    bool is_full = false, is_broken = false, was_taken = false;
    for (unsigned piece = 0; has_more() && piece < kMostPieces && !is_full && !is_broken; ++piece) {
        const ByteView rest = ByteView{sending_}.subspan(sent_);
        lock.unlock();
        const ssize_t count = ::send(socket_, rest.data(), std::min(rest.size(), kPiece), MSG_NOSIGNAL | MSG_DONTWAIT);
        const int number = errno;
        lock.lock();
        if (count >= 0) {
            sent_ += static_cast<std::size_t>(count);
            was_taken = true;
        } else {
            is_full = number == EAGAIN;
            is_broken = number != EAGAIN && number != EINTR;
        }
    }
    is_sending_ = false;
    if (is_broken || is_closed_) {
        end();
        return Sent::broken;
    }
    const bool was_left_over = std::exchange(is_left_over_, has_more());
    if (!is_left_over_) return Sent::all;
    if (was_taken || !was_left_over) give_up_ = SteadyClock::now() + kPatience;
    return Sent::left_over;
}

std::optional<Outbox::Left> Outbox::left() const {
    const std::scoped_lock lock{mutex_};
    if (!is_left_over_) return std::nullopt;
    return Left{waiting(), give_up_};
}

void Outbox::close() noexcept {
    const std::scoped_lock lock{mutex_};
    end();
}

bool Outbox::is_overfull() const {
    const std::scoped_lock lock{mutex_};
    return is_overfull_;
}

}  // namespace sealwright::hsm::signer_process
