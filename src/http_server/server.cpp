#include "http_server/server.hpp"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <thread>

#include "http_server/framing.hpp"
#include "http_server/listening_socket.hpp"
#include "http_server/problem.hpp"
#include "http_server/session.hpp"

namespace sealwright::http_server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using GenericSocket = asio::generic::stream_protocol::socket;

constexpr std::chrono::milliseconds kAcceptPause{100};

Peer describe_peer(asio::ip::tcp::socket& socket) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
    error_code ec;
    const auto remote = socket.remote_endpoint(ec);
    if (ec) return {.address = "gone"};
    const auto text = remote.address().to_string();
    return {.address = (remote.address().is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(remote.port())};
}

Peer describe_peer(asio::local::stream_protocol::socket& socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    Peer peer{.address = "local"};
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0) {
        peer.credentials = PeerCredentials{.uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid};
    }
    return peer;
}

// Listening is one acceptor, whatever its protocol.
class Listening {
public:
    virtual ~Listening() = default;
    virtual void close() = 0;
};

}  // namespace

struct Server::State {
    ServerOptions options;
    const Clock& clock;
    Log& log;
    // The order matters: sessions, which end with the executors at the latest, use what stands above these; acceptors
    // end before them.
    std::list<SessionRegistry> registries;  // one a listener: strangers on one take no connection from another
    HandlersUnderWay handlers;
    std::atomic<std::uint64_t> next_id{1}, accepted{0}, refused{0}, failed_handshakes{0};
    std::atomic<bool> draining{false};
    std::list<SessionContext> contexts;
    asio::io_context io;
    asio::io_context handshakes;
    std::mutex listening_mutex;
    std::list<std::shared_ptr<Listening>> listening;
    asio::executor_work_guard<asio::io_context::executor_type> io_work{io.get_executor()},
        handshake_work{handshakes.get_executor()};
    std::vector<std::thread> threads;
    bool stopped = false;

    State(ServerOptions given, const Clock& given_clock, Log& given_log)
        : options(std::move(given)), clock(given_clock), log(given_log) {}

    void start_threads() {
        const auto run = [this](asio::io_context& context, const char* name) {
            threads.emplace_back([&context] { context.run(); });
            ::pthread_setname_np(threads.back().native_handle(), name);
        };
        for (std::size_t i = 0; i < std::max<std::size_t>(options.io_threads, 1); ++i) run(io, "http-io");
        for (std::size_t i = 0; i < std::max<std::size_t>(options.handshake_threads, 1); ++i)
            run(handshakes, "http-handshake");
    }

    SessionContext& context_for(ListenerOptions listener) {
        const std::lock_guard lock{listening_mutex};
        return contexts.emplace_back(SessionContext{.listener = std::move(listener),
                                                    .server = options,
                                                    .clock = clock,
                                                    .log = log,
                                                    .registry = registries.emplace_back(),
                                                    .handlers = handlers,
                                                    .failed_handshakes = failed_handshakes,
                                                    .draining = draining,
                                                    .handshake_executor = handshakes.get_executor()});
    }

    // wait_until_empty is true when no session of any listener is left.
    bool wait_until_empty(std::chrono::milliseconds patience) {
        using namespace std::chrono;
        const auto give_up = steady_clock::now() + patience;
        return std::all_of(registries.begin(), registries.end(), [&](SessionRegistry& sessions) {
            const auto left = duration_cast<milliseconds>(give_up - steady_clock::now());
            return sessions.wait_until_empty(std::max(left, milliseconds{0}));
        });
    }

    void admit(SessionContext& context, GenericSocket socket, Peer peer) {
        SessionRegistry& sessions = context.registry;
        if (sessions.size() >= context.listener.limits.max_connections && !sessions.evict_idle()) {
            ++refused;
            turn_away(context, socket);
            return;
        }
        ++accepted;
        start_session(context, std::move(socket), std::move(peer), next_id++);
    }

    // turn_away tells a peer without TLS why, as far as that takes no waiting.
    void turn_away(SessionContext& context, GenericSocket& socket) {
        if (context.listener.tls) return;
        const auto response = transport_problem(503, "too many connections").with("Retry-After", "5");
        const auto text = format_head(response, {.date = clock.now().time_since_epoch().count()}) + response.body;
        [[maybe_unused]] const auto sent =
            ::send(socket.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    template <class Protocol>
    class Acceptor;
};

template <class Protocol>
class Server::State::Acceptor final : public Listening, public std::enable_shared_from_this<Acceptor<Protocol>> {
public:
    Acceptor(State& state, SessionContext& context, Protocol protocol, int fd, std::filesystem::path path)
        : state_(state),
          context_(context),
          strand_(asio::make_strand(state.io)),
          acceptor_(strand_),
          pause_(strand_),
          path_(std::move(path)) {
        acceptor_.assign(protocol, fd);
    }

    void start() {
        asio::co_spawn(
            strand_, [self = this->shared_from_this()] { return self->accept(); }, asio::detached);
    }

    void close() override {
        if (!path_.empty()) ::unlink(path_.c_str());
        asio::post(strand_, [self = this->shared_from_this()] {
            error_code ignored;
            self->acceptor_.close(ignored);
            self->pause_.cancel();
        });
    }

private:
    asio::awaitable<void> accept() {
        while (acceptor_.is_open()) {
            error_code ec;
            typename Protocol::socket socket{state_.io};
            co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
            if (ec == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
            if (ec) {
                // EMFILE and its like: the connection waits in the backlog until there is room again.
                state_.log.warning("http", context_.listener.name + ": cannot accept: " + ec.message());
                pause_.expires_after(kAcceptPause);
                co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
                continue;
            }
            try {
                Peer peer = describe_peer(socket);
                state_.admit(context_, GenericSocket{std::move(socket)}, std::move(peer));
            } catch (const std::exception& thrown) {
                state_.log.error("http",
                                 context_.listener.name + ": a connection could not be taken: " + thrown.what());
            }
        }
    }

    State& state_;
    SessionContext& context_;
    asio::strand<asio::io_context::executor_type> strand_;
    asio::basic_socket_acceptor<Protocol> acceptor_;
    asio::steady_timer pause_;
    std::filesystem::path path_;
};

Server::Server(ServerOptions options, const Clock& clock, Log& log)
    : state_(std::make_unique<State>(std::move(options), clock, log)) {
    state_->start_threads();
}

Server::~Server() { stop(std::chrono::milliseconds{0}); }

Result<std::uint16_t> Server::listen(ListenerOptions options) {
    const auto keep_and_start = [this](auto acceptor) {
        {
            const std::lock_guard lock{state_->listening_mutex};
            state_->listening.push_back(acceptor);
        }
        acceptor->start();
    };
    if (const auto* tcp = std::get_if<TcpAddress>(&options.address)) {
        SEALWRIGHT_TRY(const auto socket, listen_tcp(*tcp));
        const auto protocol = socket.ipv6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
        keep_and_start(std::make_shared<State::Acceptor<asio::ip::tcp>>(
            *state_, state_->context_for(std::move(options)), protocol, socket.fd, ""));
        return socket.port;
    }
    const auto address = std::get<UnixAddress>(options.address);
    SEALWRIGHT_TRY(const auto socket, listen_unix(address));
    using Local = asio::local::stream_protocol;
    keep_and_start(std::make_shared<State::Acceptor<Local>>(*state_, state_->context_for(std::move(options)), Local{},
                                                            socket.fd, address.path));
    return std::uint16_t{0};
}

void Server::stop(std::chrono::milliseconds patience) {
    if (state_->stopped) return;
    state_->stopped = true;
    state_->draining = true;
    {
        const std::lock_guard lock{state_->listening_mutex};
        for (const auto& each : state_->listening) each->close();
    }
    for (auto& sessions : state_->registries) sessions.for_each([](SessionControl& session) { session.drain(); });
    if (!state_->wait_until_empty(patience)) {
        for (auto& sessions : state_->registries) sessions.for_each([](SessionControl& session) { session.cut(); });
        state_->wait_until_empty(std::chrono::seconds{2});
    }
    state_->handlers.wait_until_none();
    state_->io_work.reset();
    state_->handshake_work.reset();
    state_->io.stop();
    state_->handshakes.stop();
    for (auto& thread : state_->threads) thread.join();
}

Server::Statistics Server::statistics() const {
    std::size_t connections = 0;
    {
        const std::lock_guard lock{state_->listening_mutex};
        for (const auto& sessions : state_->registries) connections += sessions.size();
    }
    return {.connections = connections,
            .accepted = state_->accepted,
            .refused = state_->refused,
            .failed_handshakes = state_->failed_handshakes};
}

}  // namespace sealwright::http_server
