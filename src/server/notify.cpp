#include "server/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace sealwright::server {

Notifier::Notifier(int ready_fd, Log& log) : ready_fd_(ready_fd), log_(log) {
    if (const char* socket = std::getenv("NOTIFY_SOCKET")) socket_ = socket;
    ::unsetenv("NOTIFY_SOCKET");
}

void Notifier::send(const std::string& message) {
    if (socket_.empty()) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_.front() == '@') address.sun_path[0] = '\0';  // an abstract name
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    if (::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), length) < 0) {
        log_.warning("daemon", "NOTIFY_SOCKET cannot be written");
    }
    ::close(fd);
}

void Notifier::ready(std::string_view text) {
    send("READY=1\nSTATUS=" + std::string{text});
    is_ready_ = true;
    if (ready_fd_ < 0) return;
    if (::write(ready_fd_, "\n", 1) != 1) log_.warning("daemon", "--ready-fd cannot be written");
    ::close(ready_fd_);
    ready_fd_ = -1;
}

void Notifier::status(std::string_view text) { send("STATUS=" + std::string{text}); }
void Notifier::stopping() { send("STOPPING=1"); }
void Notifier::alive() {
    if (is_ready_) send("WATCHDOG=1");
}

}  // namespace sealwright::server
