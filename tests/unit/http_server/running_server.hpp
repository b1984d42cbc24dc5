// running_server.hpp: a server on loopback with a few routes, for tests.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "http_server/server.hpp"
#include "raw_connection.hpp"

namespace sealwright::http_server::test {

struct Setting {
    Limits limits{};
    std::shared_ptr<const TlsContext> tls{};
    std::string unix_path{};
    std::size_t workers = 4, queue = 16;
};

// RunningServer has these routes: GET /hello, POST /echo (64 octets at most), GET /slow (waits until released), GET
// /throws, GET /big (5 MiB), GET /whoami (what the server knows of the peer).
class RunningServer {
public:
    explicit RunningServer(Setting setting = {})
        : workers_(std::make_shared<WorkerPool>("test-worker", setting.workers, setting.queue)) {
        server_.emplace(ServerOptions{.observe = [this](const Exchange& exchange) { observe(exchange); }}, clock_,
                        log_);
        ListenerOptions options{.name = "test",
                                .address = TcpAddress{"127.0.0.1", 0},
                                .tls = setting.tls,
                                .router = make_router(),
                                .workers = workers_,
                                .limits = setting.limits};
        options_ = options;
        if (!setting.unix_path.empty()) options.address = UnixAddress{setting.unix_path, 0600};
        auto port = server_->listen(std::move(options));
        EXPECT_TRUE(port) << port.error().describe();
        if (port) port_ = port.value();
    }
    ~RunningServer() {
        release();
        server_->stop(std::chrono::seconds{5});
        workers_->stop();
    }

    // listen_again opens a second listener, on a port of its own.
    std::uint16_t listen_again() {
        auto port = server_->listen(options_);
        EXPECT_TRUE(port) << port.error().describe();
        return port ? port.value() : std::uint16_t{0};
    }

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::string tls_url() const { return "https://127.0.0.1:" + std::to_string(port_); }
    Server& server() { return *server_; }
    int handled() const { return handled_; }
    std::size_t queued() const { return workers_->queued(); }
    int slow_under_way() const { return slow_; }
    void release() { released_ = true; }
    std::vector<std::string> observed() {
        const std::lock_guard lock{mutex_};
        return observed_;
    }

    // ask sends octets on a connection of their own and gives all that comes back until the server closes.
    std::string ask(std::string_view request) const {
        RawConnection connection{port_};
        connection.send(request);
        return connection.read_all();
    }
    // wait_for gives a condition five seconds to come true.
    template <class Condition>
    static bool wait_for(Condition condition) {
        for (int i = 0; i < 1000; ++i) {
            if (condition()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        return false;
    }

private:
    std::shared_ptr<const Router> make_router() {
        auto router = std::make_shared<Router>();
        router->add("GET", "/hello", {},
                    [this](const Request&) { return ++handled_, response_of(200, "text/plain", "hello"); });
        router->add("POST", "/echo", {.body = BodyRule::required, .max_body = 64}, [this](const Request& request) {
            ++handled_;
            auto response = response_of(200, "text/plain", request.body);
            if (const auto* trailer = request.header("X-Trailer")) response.with("X-Trailer", *trailer);
            return response;
        });
        router->add("GET", "/slow", {}, [this](const Request&) {
            ++slow_;
            while (!released_) std::this_thread::sleep_for(std::chrono::milliseconds{2});
            --slow_;
            return response_of(200, "text/plain", "at last");
        });
        router->add("GET", "/throws", {},
                    [](const Request&) -> Response { throw std::runtime_error("a secret detail"); });
        router->add("GET", "/big", {}, [](const Request&) {
            Response response;
            response.shared_body = std::make_shared<const Bytes>(5U << 20U, std::uint8_t{'x'});
            return response;
        });
        router->add("GET", "/whoami", {}, [](const Request& request) {
            const auto& peer = request.peer;
            const std::string uid = peer.credentials ? std::to_string(peer.credentials->uid) : "none";
            return response_of(200, "text/plain",
                               peer.address + " uid=" + uid + " certificate=" + to_hex(peer.certificate));
        });
        return router;
    }
    void observe(const Exchange& exchange) {
        const std::lock_guard lock{mutex_};
        observed_.push_back(std::string{exchange.method} + " " + std::string{exchange.route} + " " +
                            std::to_string(exchange.status));
    }

    SystemClock clock_;
    NullLog log_;
    std::atomic<int> handled_{0}, slow_{0};
    std::atomic<bool> released_{false};
    std::mutex mutex_;
    std::vector<std::string> observed_;
    std::shared_ptr<WorkerPool> workers_;
    ListenerOptions options_;
    std::optional<Server> server_;
    std::uint16_t port_ = 0;
};

}  // namespace sealwright::http_server::test
