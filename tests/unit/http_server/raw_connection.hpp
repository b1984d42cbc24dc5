// raw_connection.hpp: a TCP or Unix connection on which a test writes any octets it likes, for what no honest client
// would send.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

namespace sealwright::http_server::test {

class RawConnection {
public:
    explicit RawConnection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    explicit RawConnection(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~RawConnection() { ::close(fd_); }
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;

    bool connected() const { return connected_; }
    bool send(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (count < 0) return false;
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    void finish_sending() const { ::shutdown(fd_, SHUT_WR); }

    // read_until gives what came until the text ended with the given end (or the peer closed, or time was up).
    std::string read_until(std::string_view end, std::chrono::milliseconds patience = std::chrono::milliseconds{5000}) {
        std::string text;
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (end.empty() || !text.ends_with(end)) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())
                    .count();
            pollfd watched{fd_, POLLIN, 0};
            if (left <= 0 || ::poll(&watched, 1, static_cast<int>(left)) <= 0) break;
            char buffer[65536];
            const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
            if (count <= 0) {
                closed_ = true;
                break;
            }
            text.append(buffer, static_cast<std::size_t>(count));
        }
        return text;
    }
    // read_all gives everything until the peer closes.
    std::string read_all(std::chrono::milliseconds patience = std::chrono::milliseconds{5000}) {
        return read_until({}, patience);
    }
    bool closed() const { return closed_; }

private:
    int fd_;
    bool connected_ = false, closed_ = false;
};

}  // namespace sealwright::http_server::test
