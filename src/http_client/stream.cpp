#include "http_client/stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>

namespace sealwright::http_client {
namespace {

std::string tls_errors() {
    std::string text;
    while (const unsigned long code = ERR_get_error()) {
        std::array<char, 256> line{};
        ERR_error_string_n(code, line.data(), line.size());
        if (!text.empty()) text += "; ";
        text += line.data();
    }
    return text.empty() ? "no detail" : text;
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE on a closed connection; a library must not end
// its program.
int bio_write(BIO* bio, const char* data, int size) {
    const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::send(fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

int bio_read(BIO* bio, char* data, int size) {
    const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::recv(fd, data, static_cast<std::size_t>(size), 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_read(bio);
    if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(count);
}

long bio_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return 0;
}

const BIO_METHOD* bio_method() {
    static const BIO_METHOD* method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sealwright http client socket");
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
}

Error tls_file_error(std::string_view what, const std::filesystem::path& path) {
    return fail(ErrorCode::config, std::string{what} + " " + path.string() + " cannot be used: " + tls_errors());
}

Result<void> use_client_certificate(SSL_CTX* context, const ClientCertificate& own) {
    if (SSL_CTX_use_certificate_chain_file(context, own.chain_file.c_str()) != 1)
        return tls_file_error("client certificate", own.chain_file);
    if (own.key) {
        if (SSL_CTX_use_PrivateKey(context, own.key.get()) != 1)
            return fail(ErrorCode::config, "the client key does not belong to its certificate", tls_errors());
        return success();
    }
    if (SSL_CTX_use_PrivateKey_file(context, own.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        return tls_file_error("client key", own.key_file);
    if (SSL_CTX_check_private_key(context) != 1) return tls_file_error("client key", own.key_file);
    return success();
}

}  // namespace

Result<SslCtxPtr> make_tls_context(const TlsOptions& options) {
    ERR_clear_error();
    SslCtxPtr context{SSL_CTX_new(TLS_client_method())};
    if (!context) return fail(ErrorCode::internal, "cannot make a TLS context", tls_errors());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_X509_STRICT);
    if (options.ca_file.empty()) return fail(ErrorCode::config, "https needs a CA file to verify the server with");
    if (SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr) != 1)
        return tls_file_error("CA file", options.ca_file);
    if (options.client_certificate) {
        SEALWRIGHT_TRY(use_client_certificate(context.get(), *options.client_certificate));
    }
    return context;
}

Result<std::unique_ptr<Stream>> Stream::open(const Endpoint& endpoint, SSL_CTX* context, const std::string& server_name,
                                             Deadline deadline) {
    SEALWRIGHT_TRY(auto socket, Socket::connect(endpoint, deadline));
    std::unique_ptr<Stream> stream{new Stream{std::move(socket), deadline}};
    if (context != nullptr) {
        SEALWRIGHT_TRY(stream->handshake(context, endpoint, server_name));
    }
    return stream;
}

Result<void> Stream::handshake(SSL_CTX* context, const Endpoint& endpoint, const std::string& server_name) {
    ERR_clear_error();
    ssl_.reset(SSL_new(context));
    BIO* bio = BIO_new(bio_method());
    if (!ssl_ || bio == nullptr) return fail(ErrorCode::internal, "cannot make a TLS connection", tls_errors());
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket_.fd())));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_connect_state(ssl_.get());

    const bool by_address = server_name.empty() && endpoint.host_is_address;
    const std::string& name = server_name.empty() ? endpoint.host : server_name;
    if (by_address) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str());
    } else {
        SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl_.get(), name.c_str());
        SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    }
    for (;;) {
        const int result = SSL_do_handshake(ssl_.get());
        if (result == 1) return success();
        boost::beast::error_code ec;
        if (wait_for_tls(result, ec)) continue;
        if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
            return fail(ErrorCode::unauthenticated, "the server's certificate does not hold: " +
                                                        std::string{X509_verify_cert_error_string(verdict)});
        }
        return failure_ ? *failure_ : fail(ErrorCode::unavailable, "the TLS handshake failed");
    }
}

bool Stream::wait_for_tls(int result, boost::beast::error_code& ec) {
    const int why = SSL_get_error(ssl_.get(), result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        if (auto waited = socket_.wait(why == SSL_ERROR_WANT_WRITE, deadline_); !waited) {
            ec = broken(waited.error());
            return false;
        }
        return true;
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
        ec = boost::asio::error::eof;
        return false;
    }
    const std::string detail = why == SSL_ERROR_SYSCALL && errno != 0 ? std::strerror(errno) : tls_errors();
    ec = broken(fail(ErrorCode::unavailable, "the TLS connection broke: " + detail));
    return false;
}

boost::beast::error_code Stream::broken(Error why) {
    failure_ = std::move(why);
    return boost::asio::error::connection_aborted;
}

std::size_t Stream::read(void* data, std::size_t size, boost::beast::error_code& ec) {
    if (!ssl_) return read_plain(data, size, ec);
    for (;;) {
        ERR_clear_error();
        errno = 0;
        std::size_t count = 0;
        const int result = SSL_read_ex(ssl_.get(), data, size, &count);
        if (result == 1) {
            ec = {};
            return count;
        }
        if (!wait_for_tls(result, ec)) return 0;
    }
}

std::size_t Stream::write(const void* data, std::size_t size, boost::beast::error_code& ec) {
    sent_ = true;
    if (!ssl_) return write_plain(data, size, ec);
    for (;;) {
        ERR_clear_error();
        errno = 0;
        std::size_t count = 0;
        const int result = SSL_write_ex(ssl_.get(), data, size, &count);
        if (result == 1) {
            ec = {};
            return count;
        }
        if (!wait_for_tls(result, ec)) return 0;
    }
}

std::size_t Stream::read_plain(void* data, std::size_t size, boost::beast::error_code& ec) {
    for (;;) {
        const ssize_t count = ::recv(socket_.fd(), data, size, 0);
        if (count > 0) {
            ec = {};
            return static_cast<std::size_t>(count);
        }
        if (count == 0) {
            ec = boost::asio::error::eof;
            return 0;
        }
        if (errno == EAGAIN || errno == EINTR) {
            auto waited = socket_.wait(false, deadline_);
            if (waited) continue;
            ec = broken(waited.error());
            return 0;
        }
        ec = broken(fail(ErrorCode::unavailable, std::string{"the connection broke: "} + std::strerror(errno)));
        return 0;
    }
}

std::size_t Stream::write_plain(const void* data, std::size_t size, boost::beast::error_code& ec) {
    for (;;) {
        const ssize_t count = ::send(socket_.fd(), data, size, MSG_NOSIGNAL);
        if (count >= 0) {
            ec = {};
            return static_cast<std::size_t>(count);
        }
        if (errno == EAGAIN || errno == EINTR) {
            auto waited = socket_.wait(true, deadline_);
            if (waited) continue;
            ec = broken(waited.error());
            return 0;
        }
        ec = broken(fail(ErrorCode::unavailable, std::string{"the connection broke: "} + std::strerror(errno)));
        return 0;
    }
}

}  // namespace sealwright::http_client
