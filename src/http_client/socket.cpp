#include "http_client/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace sealwright::http_client {
namespace {

Error cannot_connect(const Endpoint& endpoint, int number) {
    const std::string where = endpoint.transport == Transport::unix_socket ? endpoint.host : endpoint.host_header;
    return fail(ErrorCode::unavailable, "cannot connect to " + where + ": " + std::strerror(number));
}

// connect_to gives the errno of the attempt, 0 for a connection.
Result<int> finish_connect(const Socket& socket, Deadline deadline) {
    SEALWRIGHT_TRY(socket.wait(true, deadline));
    int number = 0;
    socklen_t length = sizeof number;
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &number, &length) != 0) return errno;
    return number;
}

Result<int> connect_to(const Socket& socket, const sockaddr* address, socklen_t length, Deadline deadline) {
    if (::connect(socket.fd(), address, length) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    return finish_connect(socket, deadline);
}

Result<Socket> connect_unix(const Endpoint& endpoint, Deadline deadline) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, endpoint.host.data(), endpoint.host.size());  // parse_endpoint bounded it
    Socket socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (socket.fd() < 0) return cannot_connect(endpoint, errno);
    // A full backlog of a Unix socket answers EAGAIN at once; nothing can be waited for.
    SEALWRIGHT_TRY(const int number,
                   connect_to(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address, deadline));
    if (number != 0) return cannot_connect(endpoint, number);
    return socket;
}

Result<Socket> connect_tcp(const Endpoint& endpoint, Deadline deadline) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    if (endpoint.host_is_address) hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
    // RFC 6761 6.3: localhost is this machine whatever a name server, or a missing line in /etc/hosts, says of it.
    const bool is_loopback = endpoint.host == "localhost" || endpoint.host.ends_with(".localhost");
    if (is_loopback) hints.ai_flags = AI_NUMERICSERV;
    const char* name = is_loopback ? nullptr : endpoint.host.c_str();
    addrinfo* found = nullptr;
    if (const int status = ::getaddrinfo(name, endpoint.port.c_str(), &hints, &found); status != 0) {
        return fail(ErrorCode::unavailable, "cannot resolve " + endpoint.host + ": " + ::gai_strerror(status));
    }
    const std::unique_ptr<addrinfo, decltype([](addrinfo* list) { ::freeaddrinfo(list); })> list{found};
    int last = EHOSTUNREACH;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        Socket socket{::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, each->ai_protocol)};
        if (socket.fd() < 0) {
            last = errno;
            continue;
        }
        SEALWRIGHT_TRY(const int number, connect_to(socket, each->ai_addr, each->ai_addrlen, deadline));
        if (number == 0) {
            const int on = 1;
            ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return socket;
        }
        last = number;
    }
    return cannot_connect(endpoint, last);
}

}  // namespace

Result<Socket> Socket::connect(const Endpoint& endpoint, Deadline deadline) {
    return endpoint.transport == Transport::unix_socket ? connect_unix(endpoint, deadline)
                                                        : connect_tcp(endpoint, deadline);
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

Socket::~Socket() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> Socket::wait(bool for_writing, Deadline deadline) const {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) return fail(ErrorCode::timed_out, "the server did not answer in time");
        pollfd watched{.fd = fd_, .events = static_cast<short>(for_writing ? POLLOUT : POLLIN), .revents = 0};
        const int ready = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left, 1000000)));
        if (ready > 0) return success();
        if (ready < 0 && errno != EINTR) return fail(ErrorCode::io, std::string{"poll: "} + std::strerror(errno));
    }
}

bool Socket::is_stale() const noexcept {
    pollfd watched{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&watched, 1, 0) != 0;
}

}  // namespace sealwright::http_client
