// message.hpp: a request and a response as values, the only form in which protocols meet HTTP. No Beast, no socket.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "http_server/target.hpp"

namespace sealwright::http_server {

struct Header {
    std::string name, value;
};

// PeerCredentials are what the kernel says of the process at the other end of a Unix socket when it connected
// (SO_PEERCRED).
struct PeerCredentials {
    std::uint32_t uid = 0, gid = 0;
    std::int32_t pid = 0;
};

struct Peer {
    std::string address;                           // "192.0.2.1:4711", "local" for a Unix socket
    std::optional<PeerCredentials> credentials{};  // Unix sockets only
    bool tls = false;
    // The certificate that the client showed, DER as received, empty if none. TLS has proved possession of its key and
    // nothing else: issuer, dates and status are for the reader to check (tls.hpp says why).
    Bytes certificate{};
};

// Request is whole and bounded, its framing strictly checked. Everything in it is still the peer's claim.
struct Request {
    std::string method;
    Target target;
    std::vector<Header> headers{};
    std::string body{};
    Peer peer{};
    std::map<std::string, std::string, std::less<>>
        parameters{};  // from the route's pattern: percent-decoded, "{name...}" raw

    // header gives the first field of this name (case-insensitive), null where there is none. The pointer lives as long
    // as the request.
    const std::string* header(std::string_view name) const noexcept;
    // sole_header refuses (malformed) a field that stands there twice: what two readers could read differently is not
    // read.
    Result<std::optional<std::string>> sole_header(std::string_view name) const;
    // parameter gives a path parameter of the route; the empty string where the pattern has none of this name.
    const std::string& parameter(std::string_view name) const noexcept;
};

// Response: Content-Length, Date and Connection are the server's business, and Cache-Control: no-store unless a header
// says otherwise.
struct Response {
    unsigned status = 200;
    std::vector<Header> headers{};
    std::string body{};
    std::shared_ptr<const Bytes> shared_body{};  // instead of body, for large ones that many peers get

    Response& with(std::string name, std::string value) {
        headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
    const std::string* header(std::string_view name) const noexcept;
    ByteView content() const noexcept { return shared_body ? ByteView{*shared_body} : view_of(body); }
};

// response_of makes a response with a body and its type.
Response response_of(unsigned status, std::string_view content_type, std::string body);

// equal_ignoring_case compares ASCII text as field names are compared.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// media_type gives the type without parameters, lower-case: "Application/PKCS10; x=y" reads "application/pkcs10".
std::string media_type(std::string_view content_type);

// reason_phrase is the text of a status line; "Unknown" for codes that we never send.
std::string_view reason_phrase(unsigned status) noexcept;

// format_http_date is IMF-fixdate (RFC 9110 5.6.7); parse_http_date reads that form alone and gives malformed for the
// obsolete ones.
std::string format_http_date(std::int64_t unix_seconds);
Result<std::int64_t> parse_http_date(std::string_view text);

}  // namespace sealwright::http_server
