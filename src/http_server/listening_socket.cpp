#include "http_server/listening_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace sealwright::http_server {
namespace {

constexpr int kBacklog = 511;

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
};

Error system_error(const std::string& what) {
    const int number = errno;
    return fail(number == EADDRINUSE ? ErrorCode::already_exists : ErrorCode::io, what + ": " + std::strerror(number));
}

Result<sockaddr_storage> to_sockaddr(const TcpAddress& address) {
    sockaddr_storage storage{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (::inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address.port);
    } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address.port);
    } else {
        return fail(ErrorCode::malformed, "not a numeric IP address: " + address.host);
    }
    return storage;
}

// someone_answers tells a living listener from the file that a dead one left behind.
bool someone_answers(const sockaddr_un& address) {
    const Descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
           errno != ECONNREFUSED;
}

Result<void> clear_stale_socket(const std::string& path, const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return success();
        return system_error("cannot examine " + path);
    }
    if (!S_ISSOCK(status.st_mode)) return fail(ErrorCode::already_exists, path + " exists and is no socket");
    if (someone_answers(address)) return fail(ErrorCode::already_exists, "somebody listens on " + path + " already");
    if (::unlink(path.c_str()) != 0) return system_error("cannot remove the old socket " + path);
    return success();
}

}  // namespace

Result<TcpAddress> parse_tcp_address(std::string_view text) {
    const auto bad = [&] { return fail(ErrorCode::malformed, "not a numeric ADDRESS:PORT: " + std::string{text}); };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad();
    auto host = text.substr(0, colon);
    const auto digits = text.substr(colon + 1);
    const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (bracketed) host = host.substr(1, host.size() - 2);
    TcpAddress address{.host = std::string{host}, .port = 0};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return bad();
    SEALWRIGHT_TRY(const auto storage, to_sockaddr(address));
    if ((storage.ss_family == AF_INET6) != bracketed) return bad();
    return address;
}

Result<ListeningSocket> listen_tcp(const TcpAddress& address) {
    SEALWRIGHT_TRY(auto storage, to_sockaddr(address));
    const std::string where = address.host + " port " + std::to_string(address.port);
    Descriptor socket{::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (socket.get() < 0) return system_error("cannot make a socket");
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool ipv6 = storage.ss_family == AF_INET6;
    if (ipv6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    socklen_t length = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0)
        return system_error("cannot bind to " + where);
    if (::listen(socket.get(), kBacklog) != 0) return system_error("cannot listen on " + where);
    length = sizeof storage;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0)
        return system_error("cannot read the address of " + where);
    const auto port = ipv6 ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                           : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port;
    return ListeningSocket{.fd = socket.release(), .port = ntohs(port), .ipv6 = ipv6};
}

Result<ListeningSocket> listen_unix(const UnixAddress& address) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string path = address.path.string();
    if (path.empty() || path.size() >= sizeof name.sun_path) {
        return fail(ErrorCode::malformed, "a Unix socket's path must have 1 to " +
                                              std::to_string(sizeof name.sun_path - 1) + " octets: " + path);
    }
    std::memcpy(name.sun_path, path.data(), path.size());
    SEALWRIGHT_TRY(clear_stale_socket(path, name));
    Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (socket.get() < 0) return system_error("cannot make a socket");
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
        return system_error("cannot bind to " + path);
    // Between bind and listen a connection is refused, so that the mode stands before the first peer.
    if (::chmod(path.c_str(), static_cast<mode_t>(address.mode)) != 0)
        return system_error("cannot set the mode of " + path);
    if (::listen(socket.get(), kBacklog) != 0) return system_error("cannot listen on " + path);
    return ListeningSocket{.fd = socket.release()};
}

}  // namespace sealwright::http_server
