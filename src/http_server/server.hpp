// server.hpp: listeners on TCP, TLS and Unix sockets, their sessions and their threads.
//
// Threads: io threads move octets (each session on its own strand); handlers run on the worker pool that their listener
// names; TLS handshakes run on threads of their own, because the server's key lives in a token and SSL_do_handshake
// blocks while the token signs (docs/adr: TLS handshakes). A slow token therefore delays new connections and nothing
// else.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <variant>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "http_server/router.hpp"
#include "http_server/tls.hpp"
#include "http_server/worker_pool.hpp"

namespace sealwright::http_server {

// Limits of one listener. Whoever passes one is answered (408, 413, 414, 431, 503, 504) or cut off; nothing waits
// without a deadline.
struct Limits {
    std::size_t max_header = 16384;  // request line and fields together
    std::size_t max_connections =
        1024;  // beyond it the longest idle connection is closed, and without one the new peer is refused
    std::size_t max_requests_per_connection = 10000;
    std::chrono::milliseconds handshake{10000};  // TLS, from accept
    std::chrono::milliseconds header{
        10000};  // from the first octet of a request to the end of its header; from accept for the first
    std::chrono::milliseconds body{30000};      // from the end of the header to the end of the body
    std::chrono::milliseconds idle{60000};      // between requests
    std::chrono::milliseconds handling{60000};  // for the handler, its time in the queue included; then 504
    std::chrono::milliseconds write{20000};     // for each 256 KiB of an answer
};

struct TcpAddress {
    std::string host;        // numeric, without brackets
    std::uint16_t port = 0;  // 0: any free one
};
struct UnixAddress {
    std::filesystem::path path;
    unsigned mode = 0600;
};

// parse_tcp_address reads "127.0.0.1:8443" or "[::1]:0".
Result<TcpAddress> parse_tcp_address(std::string_view text);

struct ListenerOptions {
    std::string name;  // for logs and metrics: "https", "http", "admin"
    std::variant<TcpAddress, UnixAddress> address;
    std::shared_ptr<const TlsContext> tls{};  // TCP only
    std::shared_ptr<const Router> router{};
    std::shared_ptr<WorkerPool> workers{};
    Limits limits{};
};

// Exchange is one request and its answer, for metrics. The views live during the call.
struct Exchange {
    std::string_view listener, method, route;  // route: the pattern, "" where none fitted
    unsigned status = 0;
    std::chrono::nanoseconds
        duration{};  // from the end of the request's header to the last octet of the answer written
};

struct ServerOptions {
    std::size_t io_threads = 2;
    std::size_t handshake_threads = 4;
    std::function<void(const Exchange&)> observe{};  // thread-safe, quick, does not throw
};

class Server {
public:
    Server(ServerOptions options, const Clock& clock, Log& log);
    ~Server();  // as stop with no patience
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // listen binds and accepts from now on; gives the TCP port (0 for a Unix socket). A Unix socket that a dead process
    // left behind is replaced; one where somebody answers is already_exists. Errors: io, already_exists, malformed.
    Result<std::uint16_t> listen(ListenerOptions options);

    // stop closes the listeners, ends idle connections, lets requests under way finish and be answered (Connection:
    // close), cuts off what is left after patience, and ends the io threads. Blocks. The worker pools are the caller's
    // to stop, afterwards.
    void stop(std::chrono::milliseconds patience);

    struct Statistics {
        std::size_t connections = 0;
        std::uint64_t accepted = 0, refused = 0, failed_handshakes = 0;
    };
    Statistics statistics() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sealwright::http_server
