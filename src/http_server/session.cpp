#include "http_server/session.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>

#include "base/boundary.hpp"
#include "http_server/framing.hpp"
#include "http_server/problem.hpp"

namespace sealwright::http_server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using Socket = asio::generic::stream_protocol::socket;
using TlsSocket = asio::ssl::stream<Socket>;
using Strand = asio::strand<asio::any_io_executor>;
using boost::system::error_code;

constexpr std::size_t kWriteChunk = 256U << 10U;
constexpr std::size_t kSmallBody = 64U << 10U;  // goes out in one piece with its header
constexpr std::size_t kMaxLinger =
    1U << 20U;  // octets that are read and thrown away after a refusal, so that the peer gets to read it
constexpr std::chrono::milliseconds kFarewell{2000};
constexpr std::chrono::milliseconds kOverdue{100};

auto redirect(error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

// Session runs on strand_ throughout, but for the handshake, which is a coroutine of its own on a strand over the
// handshake threads, before the rest.
template <class Stream>
class Session final : public SessionControl, public std::enable_shared_from_this<Session<Stream>> {
    static constexpr bool kTls = std::is_same_v<Stream, TlsSocket>;

public:
    template <class... Arguments>
    Session(SessionContext& context, Peer peer, std::uint64_t id, Arguments&&... arguments)
        : context_(context),
          limits_(context.listener.limits),
          id_(id),
          peer_(std::move(peer)),
          stream_(std::forward<Arguments>(arguments)...),
          strand_(asio::make_strand(stream_.get_executor())),
          handshake_strand_(asio::make_strand(context.handshake_executor)),
          deadline_(stream_.get_executor()),
          answered_(stream_.get_executor()),
          buffer_(std::max<std::size_t>(context.listener.limits.max_header, 8192) + 8192) {}

    ~Session() override { context_.registry.remove(id_); }

    void start() {
        context_.registry.add(id_, this->weak_from_this());
        auto self = this->shared_from_this();
        if constexpr (kTls) {
            shaking_hands_ = true;
            asio::co_spawn(
                handshake_strand_, [self] { return self->handshake(); },
                [self](std::exception_ptr failure, bool done) {
                    if (!failure && done) self->start_serving();
                });
        } else {
            start_serving();
        }
    }

    void drain() override {
        asio::post(strand_, [self = this->shared_from_this()] {
            self->draining_ = true;
            if (self->idle_since() != 0) self->cancel();
        });
    }
    void cut() override {
        // The socket belongs to the strand of the phase that the session is in.
        if (shaking_hands_) {
            asio::post(handshake_strand_, [self = this->shared_from_this()] {
                if (self->shaking_hands_) {
                    self->close();
                } else {
                    self->cut();
                }
            });
        } else {
            asio::post(strand_, [self = this->shared_from_this()] { self->close(); });
        }
    }

private:
    // Requests that were refused end the connection: what follows on it cannot be trusted.
    enum class Next { another, end, linger };

    struct Exchanged {
        std::string method, route;
        std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
        bool http_1_0 = false, head_only = false, names_boundary = false;
    };

    Socket& socket() noexcept {
        if constexpr (kTls) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }
    void cancel() noexcept {
        error_code ignored;
        socket().cancel(ignored);
    }
    void close() noexcept {
        error_code ignored;
        socket().close(ignored);
    }

    // arm cancels what is under way when the time is over, and again and again until disarm: a cancellation that comes
    // between two steps of an operation would be lost. Only on the executor that the operation's coroutine runs on.
    template <class Executor>
    void arm(std::chrono::milliseconds time, const Executor& executor) {
        overdue_ = false;
        wait_for_deadline(time, executor, ++armed_);
    }
    void arm(std::chrono::milliseconds time) { arm(time, strand_); }
    void disarm() {
        ++armed_;
        deadline_.cancel();
    }
    template <class Executor>
    void wait_for_deadline(std::chrono::milliseconds time, const Executor& executor, std::uint64_t number) {
        deadline_.expires_after(time);
        deadline_.async_wait(
            asio::bind_executor(executor, [self = this->shared_from_this(), executor, number](error_code ec) {
                if (ec || number != self->armed_) return;
                self->overdue_ = true;
                self->cancel();
                self->wait_for_deadline(kOverdue, executor, number);
            }));
    }

    asio::awaitable<bool> handshake() {
        error_code ec;
        if constexpr (kTls) {
            arm(limits_.handshake, handshake_strand_);
            co_await stream_.async_handshake(asio::ssl::stream_base::server, redirect(ec));
            disarm();
            if (ec) {
                ++context_.failed_handshakes;
                context_.log.debug(
                    "http", "TLS handshake with " + peer_.address + (overdue_ ? ": timed out" : ": " + ec.message()));
                close();
                co_return false;
            }
            peer_.tls = true;
            if (X509* certificate = SSL_get0_peer_certificate(stream_.native_handle())) {
                const int size = i2d_X509(certificate, nullptr);
                if (size > 0) {
                    peer_.certificate.resize(static_cast<std::size_t>(size));
                    std::uint8_t* at = peer_.certificate.data();
                    i2d_X509(certificate, &at);
                }
            }
        }
        co_return true;
    }

    void start_serving() {
        shaking_hands_ = false;
        auto self = this->shared_from_this();
        asio::co_spawn(
            strand_, [self] { return self->serve(); },
            [self](std::exception_ptr failure) {
                if (!failure) return;
                try {
                    std::rethrow_exception(failure);
                } catch (const std::exception& thrown) {
                    self->context_.log.error("http", std::string{"a session ended by exception: "} + thrown.what());
                }
                self->close();
            });
    }

    asio::awaitable<void> serve() {
        Next next = Next::another;
        for (std::size_t requests = 1; next == Next::another; ++requests) {
            if (!co_await wait_for_request(requests == 1)) {
                next = Next::end;
                break;
            }
            next = co_await serve_one(requests < limits_.max_requests_per_connection);
        }
        co_await farewell(next == Next::linger);
    }

    // wait_for_request waits for the first octet; what a client sent ahead (pipelining) is in the buffer already, and
    // its turn is now.
    asio::awaitable<bool> wait_for_request(bool first) {
        if (buffer_.size() > 0) co_return true;
        if (draining_ || context_.draining) co_return false;
        error_code ec;
        set_idle(true);
        arm(first ? limits_.header : limits_.idle);
        const std::size_t count = co_await stream_.async_read_some(buffer_.prepare(4096), redirect(ec));
        disarm();
        set_idle(false);
        buffer_.commit(count);
        co_return !ec && count > 0;
    }

    asio::awaitable<Next> serve_one(bool may_keep_alive) {
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(limits_.max_header));
        parser.body_limit(boost::none);  // until the route is known; nothing of the body is read before
        error_code ec;
        arm(limits_.header);
        co_await http::async_read_header(stream_, buffer_, parser, redirect(ec));
        disarm();
        Exchanged exchanged;
        exchanged.http_1_0 = parser.get().version() == 10;
        if (ec) co_return co_await refuse_unreadable(ec, parser, exchanged);

        auto read = read_head(parser, *context_.listener.router);
        exchanged.method = std::string{parser.get().method_string()};
        exchanged.head_only = parser.get().method() == http::verb::head;
        if (auto* refusal = std::get_if<Response>(&read)) co_return co_await refuse(std::move(*refusal), exchanged);
        auto& head = std::get<Head>(read);
        exchanged.route = head.match.route->pattern;
        exchanged.names_boundary = head.match.route->options.names_boundary;

        if (!parser.is_done()) {
            if (head.expects_continue && buffer_.size() == 0 && !co_await say_continue()) co_return Next::end;
            parser.body_limit(head.match.route->options.max_body);
            arm(limits_.body);
            co_await http::async_read(stream_, buffer_, parser, redirect(ec));
            disarm();
            if (ec) co_return co_await refuse_unreadable(ec, parser, exchanged);
        }
        head.request.body = std::move(parser.get().body());
        head.request.peer = peer_;

        const Response response = co_await handle(head);
        const bool keep_alive =
            may_keep_alive && parser.keep_alive() && !draining_ && !context_.draining && response.status != 504;
        const bool written = co_await answer(response, exchanged, keep_alive);
        co_return written&& keep_alive ? Next::another : Next::end;
    }

    asio::awaitable<Next> refuse_unreadable(error_code ec, const Parser& parser, const Exchanged& exchanged) {
        if (overdue_)
            co_return co_await refuse(transport_problem(408, "the request did not arrive in time"), exchanged);
        auto refusal = refuse_parse(ec, parser);
        if (!refusal) co_return Next::end;
        co_return co_await refuse(std::move(*refusal), exchanged);
    }

    asio::awaitable<Next> refuse(Response refusal, const Exchanged& exchanged) {
        co_await answer(refusal, exchanged, false);
        co_return Next::linger;
    }

    asio::awaitable<bool> say_continue() {
        static constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
        error_code ec;
        arm(limits_.write);
        co_await asio::async_write(stream_, asio::buffer(interim), redirect(ec));
        disarm();
        co_return !ec;
    }

    // handle has a worker run the handler and waits for it, on this strand, for as long as the limit allows. A handler
    // that is late runs on, its answer is thrown away: the peer was told that the outcome is unknown.
    asio::awaitable<Response> handle(Head& head) {
        response_.reset();
        const auto& route = *head.match.route;
        const auto number = ++handled_;
        answered_.expires_after(limits_.handling);
        context_.handlers.enter();
        const bool queued = context_.listener.workers->try_post(
            [self = this->shared_from_this(), &route, request = std::move(head.request), number]() mutable {
                auto& handlers = self->context_.handlers;
                self->run_handler(route, request, number);
                self.reset();  // before leave(): when the last handler has left, the server may be gone
                handlers.leave();
            });
        if (!queued) {
            context_.handlers.leave();
            co_return transport_problem(503, "too many requests are under way").with("Retry-After", "1");
        }
        error_code ec;
        co_await answered_.async_wait(redirect(ec));
        if (response_) co_return std::move(*response_);
        ++handled_;  // a late answer finds that its number has passed
        co_return transport_problem(504, "the request took too long; whether it was carried out is not known");
    }

    // On a worker thread.
    void run_handler(const Route& route, const Request& request, std::uint64_t number) {
        Response response;
        try {
            response = route.handler(request);
        } catch (const std::exception& thrown) {
            context_.log.error("http", route.method + " " + route.pattern + " failed by exception: " + thrown.what());
            response = transport_problem(500, "internal error");
        }
        asio::post(strand_, [self = this->shared_from_this(), response = std::move(response), number]() mutable {
            if (number != self->handled_) return;
            self->response_ = std::move(response);
            self->answered_.cancel();
        });
    }

    asio::awaitable<bool> answer(const Response& response, const Exchanged& exchanged, bool keep_alive) {
        const auto now = context_.clock.now().time_since_epoch();
        std::string head =
            format_head(response, {.http_1_0 = exchanged.http_1_0, .keep_alive = keep_alive, .date = now.count()});
        ByteView body = exchanged.head_only ? ByteView{} : response.content();
        if (body.size() <= kSmallBody) {
            head += text_of(body);
            body = {};
        }
        bool written = co_await write(view_of(head));
        while (written && !body.empty()) {
            const auto chunk = body.first(std::min(body.size(), kWriteChunk));
            written = co_await write(chunk);
            body = body.subspan(chunk.size());
        }
        if (written && exchanged.names_boundary) at_boundary(boundary::kAnswered);
        if (context_.server.observe) {
            context_.server.observe({.listener = context_.listener.name,
                                     .method = exchanged.method,
                                     .route = exchanged.route,
                                     .status = response.status,
                                     .duration = std::chrono::steady_clock::now() - exchanged.start});
        }
        co_return written;
    }

    asio::awaitable<bool> write(ByteView octets) {
        error_code ec;
        arm(limits_.write);
        co_await asio::async_write(stream_, asio::buffer(octets.data(), octets.size()), redirect(ec));
        disarm();
        co_return !ec;
    }

    // farewell ends the connection in an orderly way. After a refusal the peer may still be sending: closing at once
    // would reset the connection and take the answer from under its eyes, so that a bounded rest is read and thrown
    // away.
    asio::awaitable<void> farewell(bool linger) {
        error_code ec;
        if constexpr (kTls) {
            arm(kFarewell);
            co_await stream_.async_shutdown(redirect(ec));
            disarm();
        }
        socket().shutdown(Socket::shutdown_send, ec);
        if (linger && !ec) {
            std::array<char, 4096> waste{};
            arm(kFarewell);
            for (std::size_t total = 0; !ec && !overdue_ && total < kMaxLinger;) {
                total += co_await socket().async_read_some(asio::buffer(waste), redirect(ec));
            }
            disarm();
        }
        close();
    }

    SessionContext& context_;
    const Limits& limits_;
    const std::uint64_t id_;
    Peer peer_;
    Stream stream_;
    Strand strand_, handshake_strand_;
    asio::steady_timer deadline_;
    asio::steady_timer answered_;  // never rings but at the handling limit; cancelled when the answer is there
    beast::flat_buffer buffer_;
    std::optional<Response> response_;
    std::atomic<std::uint64_t> armed_{
        0};  // number of the deadline that counts; a handler of an older one finds that it does not
    std::uint64_t handled_ = 0;
    std::atomic<bool> shaking_hands_{false};
    bool overdue_ = false, draining_ = false;
};

}  // namespace

void HandlersUnderWay::enter() {
    const std::lock_guard lock{mutex_};
    ++count_;
}

void HandlersUnderWay::leave() {
    // Notified under the lock: the waiter may destroy this object as soon as it can see that the count is zero.
    const std::lock_guard lock{mutex_};
    --count_;
    changed_.notify_all();
}

void HandlersUnderWay::wait_until_none() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return count_ == 0; });
}

void start_session(SessionContext& context, Socket socket, Peer peer, std::uint64_t id) {
    if (!context.listener.tls) {
        std::make_shared<Session<Socket>>(context, std::move(peer), id, std::move(socket))->start();
        return;
    }
    // The context is ours and shared by every session; asio's wrapper would free it, so that each session's wrapper
    // holds a reference of its own.
    SSL_CTX* native = context.listener.tls->native();
    SSL_CTX_up_ref(native);
    asio::ssl::context wrapper{native};
    std::make_shared<Session<TlsSocket>>(context, std::move(peer), id, std::move(socket), wrapper)->start();
}

}  // namespace sealwright::http_server
