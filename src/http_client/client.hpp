// client.hpp: a small blocking HTTP/1.1 client over TCP, TLS 1.3 or a Unix socket, with limits and deadlines. Used by
// the command line over the admin socket, by devices, and by tests. It follows no redirects, keeps no cookies and asks
// no proxy.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace sealwright::http_client {

struct Header {
    std::string name, value;
};

// Request: Host, Content-Length and User-Agent are written by the client; a body is sent as it is. Set Content-Type
// yourself.
struct Request {
    std::string method = "GET";
    std::string target = "/";  // path and query, escaped already (escape_segment)
    std::vector<Header> headers{};
    std::string body{};
};

struct Response {
    unsigned status = 0;
    std::vector<Header> headers{};
    std::string body{};
    // header gives the first field of this name (case-insensitive), null where there is none. The pointer lives as long
    // as the response.
    const std::string* header(std::string_view name) const noexcept;
};

// ClientCertificate is what mTLS shows: a PEM chain, leaf first, and its key: a PEM file, or, where that cannot be (a
// key in a TPM or token), an EVP_PKEY, which is used whenever a connection is opened.
struct ClientCertificate {
    std::filesystem::path chain_file, key_file;
    std::shared_ptr<evp_pkey_st> key = nullptr;
};

struct TlsOptions {
    // PEM of the roots that may have issued the server's certificate; the system's own store is never asked. Needed for
    // https.
    std::filesystem::path ca_file;
    // The name that the server's certificate must carry; the URL's host where this is empty.
    std::string server_name;
    std::optional<ClientCertificate> client_certificate;
};

struct Options {
    std::chrono::milliseconds connect_timeout{10000};  // TCP and TLS handshake together
    std::chrono::milliseconds request_timeout{60000};  // from the first octet sent to the last received
    std::size_t max_header = 16384;
    std::size_t max_body = 16U << 20U;  // of a response
    TlsOptions tls{};
};

// Client keeps one connection open between requests. Not thread-safe: one thread at a time. Move-only.
class Client {
public:
    // open reads the URL and the TLS files and connects to nothing yet. Forms: "https://host:port", "http://host:port",
    // "unix:/path/to/socket"; IPv6 addresses in brackets. Errors: malformed (URL), config (TLS files).
    static Result<Client> open(std::string_view url, Options options = {});

    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();

    // connect opens the connection now, unless one stands. For a caller that must know whether a failed request may have reached the server: what fails
    // here was surely not sent.
    Result<void> connect();

    // send blocks for the answer, whatever its status. A connection that the server closed while idle is opened anew; a
    // request whose octets may have reached the server is never sent twice. Errors: malformed (the request cannot be
    // written, or the answer breaks HTTP), unavailable (cannot connect, or the connection broke), unauthenticated (the
    // server's certificate does not hold), timed_out, too_large.
    Result<Response> send(const Request& request);

private:
    struct State;
    explicit Client(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// escape_segment percent-encodes everything but unreserved characters (RFC 3986 2.3), for one path segment or one query
// name or value.
std::string escape_segment(std::string_view text);

}  // namespace sealwright::http_client
