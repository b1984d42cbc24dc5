#include "hsm/signer_process/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr int kEndingAttempts = 10;
constexpr useconds_t kEndingPause = 50000;

Error system_error(ErrorCode code, std::string_view what) {
    return fail(code, std::string{what}, std::strerror(errno));
}

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) {
        return fail(ErrorCode::config,
                    "a socket's path has 1 to " + std::to_string(sizeof(address.sun_path) - 1) + " octets", path);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

Result<Descriptor> new_socket() {
    Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket) return system_error(ErrorCode::io, "no socket");
    return socket;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

// clear_stale removes a socket file that nobody listens on.
Result<void> clear_stale(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return success();
    if (!S_ISSOCK(status.st_mode)) return fail(ErrorCode::conflict, path + " exists and is no socket");
    // A signer that was killed may be just ending.
    for (int attempt = 0; connect_unix(path); ++attempt) {
        if (attempt == kEndingAttempts) return fail(ErrorCode::conflict, "another process listens on " + path);
        ::usleep(kEndingPause);
    }
    if (::unlink(path.c_str()) != 0) return system_error(ErrorCode::io, "cannot remove the stale socket " + path);
    return success();
}

}  // namespace

void Descriptor::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Result<Descriptor> connect_unix(const std::string& path) {
    SEALWRIGHT_TRY(const auto address, address_of(path));
    SEALWRIGHT_TRY(auto socket, new_socket());
    if (::connect(socket.get(), generic(address), sizeof(address)) != 0)
        return system_error(ErrorCode::unavailable, "the signer cannot be reached at " + path);
    return socket;
}

Result<Descriptor> bind_unix(const std::string& path, unsigned mode) {
    SEALWRIGHT_TRY(const auto address, address_of(path));
    SEALWRIGHT_TRY(clear_stale(path));
    SEALWRIGHT_TRY(auto socket, new_socket());
    // Until the mode is set nobody else may connect.
    const mode_t before = ::umask(0177);
    const int bound = ::bind(socket.get(), generic(address), sizeof(address));
    const int number = errno;
    ::umask(before);
    errno = number;
    if (bound != 0) return system_error(ErrorCode::io, "cannot bind " + path);
    if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0)
        return system_error(ErrorCode::io, "cannot set the mode of " + path);
    return socket;
}

Result<PeerCredentials> peer_credentials(int fd) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return system_error(ErrorCode::io, "the kernel does not tell who the peer is");
    return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

Result<void> send_all(int fd, ByteView octets, std::chrono::milliseconds patience, std::size_t& sent) {
    sent = 0;
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (sent < octets.size()) {
        const ssize_t count = ::send(fd, octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return system_error(ErrorCode::io, "the peer is gone");
        pollfd waiting{fd, POLLOUT, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(give_up - std::chrono::steady_clock::now());
        const int ready = left.count() <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready == 0) return fail(ErrorCode::timed_out, "the peer does not read");
        if (ready < 0 && errno != EINTR) return system_error(ErrorCode::io, "poll");
    }
    return success();
}

void ReceiveBuffer::keep(std::size_t count) noexcept {
    zeroise(storage_.data() + begin_, end_ - count - begin_);
    begin_ = end_ - count;
}

Result<std::size_t> ReceiveBuffer::receive(int fd) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (end_ == storage_.size() || begin_ > storage_.size() / 2) {
        std::memmove(storage_.data(), storage_.data() + begin_, end_ - begin_);
        const std::size_t moved = end_ - begin_;
        zeroise(storage_.data() + std::max(moved, begin_), end_ - std::max(moved, begin_));
        begin_ = 0;
        end_ = moved;
    }
    if (end_ == storage_.size()) return fail(ErrorCode::too_large, "a frame that is larger than the buffer");
    ssize_t count = -1;
    do {
        count = ::recv(fd, storage_.data() + end_, storage_.size() - end_, 0);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        end_ += static_cast<std::size_t>(count);
        return static_cast<std::size_t>(count);
    }
    if (errno == EAGAIN) return fail(ErrorCode::timed_out, "the peer is silent");
    return system_error(ErrorCode::io, "the connection broke");
}

void set_receive_timeout(int fd, std::chrono::milliseconds timeout) noexcept {
    timeval value{};
    value.tv_sec = static_cast<time_t>(timeout.count() / 1000);
    value.tv_usec = static_cast<suseconds_t>(timeout.count() % 1000 * 1000);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof(value));
}

}  // namespace sealwright::hsm::signer_process
