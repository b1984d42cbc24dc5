// stream.hpp: octets to and from the server, plain or through TLS, as the synchronous stream that Beast's parser reads
// from. Private to this room.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <memory>

#include "http_client/client.hpp"
#include "http_client/socket.hpp"

namespace sealwright::http_client {

struct SslDeleter {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, SslDeleter>;

// make_tls_context reads the CA and client files; config where they do not serve.
Result<SslCtxPtr> make_tls_context(const TlsOptions& options);

// Stream is a connection with the deadline of the request under way. What went wrong below HTTP stays in failure().
class Stream {
public:
    // open connects and, where context is given, holds the TLS handshake: the certificate must chain to the CA file and
    // carry server_name.
    static Result<std::unique_ptr<Stream>> open(const Endpoint& endpoint, SSL_CTX* context,
                                                const std::string& server_name, Deadline deadline);

    void set_deadline(Deadline deadline) noexcept { deadline_ = deadline; }
    bool is_stale() const noexcept { return socket_.is_stale(); }
    const std::optional<Error>& failure() const noexcept { return failure_; }
    // sent says that octets of the current request may have left; begin_request forgets it.
    bool sent() const noexcept { return sent_; }
    void begin_request() noexcept { sent_ = false; }

    // SyncReadStream and SyncWriteStream. End of stream is boost::asio::error::eof only where the peer closed cleanly
    // (close_notify under TLS).
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, boost::beast::error_code& ec) {
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
             ++it) {
            const boost::asio::mutable_buffer buffer{*it};
            if (buffer.size() != 0) return read(buffer.data(), buffer.size(), ec);
        }
        ec = {};
        return 0;
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers) {
        boost::beast::error_code ec;
        const auto count = read_some(buffers, ec);
        if (ec) throw boost::beast::system_error{ec};
        return count;
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, boost::beast::error_code& ec) {
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
             ++it) {
            const boost::asio::const_buffer buffer{*it};
            if (buffer.size() != 0) return write(buffer.data(), buffer.size(), ec);
        }
        ec = {};
        return 0;
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers) {
        boost::beast::error_code ec;
        const auto count = write_some(buffers, ec);
        if (ec) throw boost::beast::system_error{ec};
        return count;
    }

private:
    Stream(Socket socket, Deadline deadline) : socket_(std::move(socket)), deadline_(deadline) {}
    Result<void> handshake(SSL_CTX* context, const Endpoint& endpoint, const std::string& server_name);
    std::size_t read(void* data, std::size_t size, boost::beast::error_code& ec);
    std::size_t write(const void* data, std::size_t size, boost::beast::error_code& ec);
    std::size_t read_plain(void* data, std::size_t size, boost::beast::error_code& ec);
    std::size_t write_plain(const void* data, std::size_t size, boost::beast::error_code& ec);
    // broken keeps the reason and gives the error code that makes Beast stop.
    boost::beast::error_code broken(Error why);
    // wait_for_tls waits for what the last call wanted; false where that call failed for good.
    bool wait_for_tls(int result, boost::beast::error_code& ec);

    Socket socket_;
    Deadline deadline_;
    SslPtr ssl_;
    std::optional<Error> failure_;
    bool sent_ = false;
};

}  // namespace sealwright::http_client
