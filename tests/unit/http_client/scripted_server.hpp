// scripted_server.hpp: a loopback server that answers each accepted connection with octets given beforehand, for tests
// of the client.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sealwright::http_client::test {

// One script is one connection: for each answer, wait until a request's end ("\r\n\r\n") was read, then write it.
// close_after closes at the end; else the connection stays open until the server ends.
struct Script {
    std::vector<std::string> answers;
    bool close_after = true;
};

class ScriptedServer {
public:
    explicit ScriptedServer(std::vector<Script> scripts, const std::string& unix_path = {})
        : scripts_(std::move(scripts)) {
        if (unix_path.empty()) {
            listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            socklen_t length = sizeof address;
            ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
            url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        } else {
            listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            std::strncpy(address.sun_path, unix_path.c_str(), sizeof address.sun_path - 1);
            ::unlink(unix_path.c_str());
            ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
            url_ = "unix:" + unix_path;
        }
        ::listen(listener_, 16);
        thread_ = std::thread{[this] { run(); }};
    }
    ~ScriptedServer() {
        stop_ = true;
        thread_.join();
        ::close(listener_);
    }
    const std::string& url() const { return url_; }
    int accepted() const { return accepted_; }
    std::string received() {
        const std::lock_guard lock{mutex_};
        return received_;
    }

private:
    bool readable(int fd) const {
        while (!stop_) {
            pollfd watched{fd, POLLIN, 0};
            if (::poll(&watched, 1, 20) > 0) return true;
        }
        return false;
    }
    void run() {
        std::vector<int> open;
        for (const auto& script : scripts_) {
            if (!readable(listener_)) break;
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            ++accepted_;
            serve(fd, script);
            if (script.close_after) {
                ::close(fd);
            } else {
                open.push_back(fd);
            }
        }
        while (!stop_) std::this_thread::sleep_for(std::chrono::milliseconds{5});
        for (const int fd : open) ::close(fd);
    }
    void serve(int fd, const Script& script) {
        for (const auto& answer : script.answers) {
            std::string request;
            while (request.find("\r\n\r\n") == std::string::npos) {
                char buffer[4096];
                if (!readable(fd)) return;
                const ssize_t count = ::recv(fd, buffer, sizeof buffer, 0);
                if (count <= 0) return;
                request.append(buffer, static_cast<std::size_t>(count));
            }
            {
                const std::lock_guard lock{mutex_};
                received_ += request;
            }
            [[maybe_unused]] const auto sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

    std::vector<Script> scripts_;
    std::string url_, received_;
    std::mutex mutex_;
    int listener_ = -1;
    std::atomic<int> accepted_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace sealwright::http_client::test
