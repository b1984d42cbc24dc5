#include "http_server/framing.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

#include "http_server/problem.hpp"

namespace sealwright::http_server {
namespace {

namespace http = boost::beast::http;

using BeastRequest = http::request<http::string_body>;

std::string_view std_view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

std::size_t count(const BeastRequest& message, http::field field) {
    const auto [first, last] = message.equal_range(field);
    return static_cast<std::size_t>(std::distance(first, last));
}

// check_framing refuses every header that says twice, or in two ways, how long the body is. Beast refuses
// Content-Length beside a final "chunked"; the rest is refused here: other codings, lists of lengths, and either field
// repeated.
std::optional<Response> check_framing(const Parser& parser) {
    const auto& message = parser.get();
    const auto lengths = count(message, http::field::content_length),
               codings = count(message, http::field::transfer_encoding);
    if (lengths + codings > 1) return transport_problem(400, "the length of the body is given more than once");
    if (codings == 1) {
        if (message.version() < 11) return transport_problem(400, "HTTP/1.0 knows no Transfer-Encoding");
        if (!equal_ignoring_case(std_view(message[http::field::transfer_encoding]), "chunked")) {
            return transport_problem(501, "the only transfer coding that is understood is chunked");
        }
    }
    if (lengths == 1 && std_view(message[http::field::content_length]).find(',') != std::string_view::npos) {
        return transport_problem(400, "the length of the body is given more than once");
    }
    return std::nullopt;
}

// RFC 9112 3.2: a server answers 400 to an HTTP/1.1 request without Host, with more than one, or with an invalid one.
std::optional<Response> check_host(const BeastRequest& message) {
    const auto hosts = count(message, http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() >= 11))
        return transport_problem(400, "exactly one Host field is wanted");
    for (const char c : std_view(message[http::field::host])) {
        constexpr std::string_view others = "-._~!$&'()*+,;=:[]%";
        const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        others.find(c) != std::string_view::npos;
        if (!ok) return transport_problem(400, "the Host field is no host");
    }
    return std::nullopt;
}

std::optional<Response> check_body(const Parser& parser, const RouteOptions& options) {
    const auto& message = parser.get();
    const auto length = parser.content_length();
    const bool announced = parser.chunked() || length;
    const bool has_body = parser.chunked() || length.value_or(0) > 0;
    if (options.body == BodyRule::none && has_body) return transport_problem(400, "this request takes no body");
    if (options.body == BodyRule::required && !announced)
        return transport_problem(411, "this request needs a body of a stated length");
    if (has_body && length && *length > options.max_body) {
        return transport_problem(413, "the body is larger than " + std::to_string(options.max_body) + " octets");
    }
    const auto encoding = std_view(message[http::field::content_encoding]);
    if (has_body && !encoding.empty() && !equal_ignoring_case(encoding, "identity"))
        return transport_problem(415, "a content coding is not understood");
    return std::nullopt;
}

Request to_request(const BeastRequest& message, Target target) {
    Request request{.method = std::string{std_view(message.method_string())}, .target = std::move(target)};
    // The fields are taken before the body is read: what a chunked body's trailer adds never reaches a handler (RFC
    // 9110 6.5.1).
    for (const auto& field : message)
        request.headers.push_back({std::string{std_view(field.name_string())}, std::string{std_view(field.value())}});
    return request;
}

}  // namespace

std::variant<Head, Response> read_head(const Parser& parser, const Router& router) {
    const auto& message = parser.get();
    if (message.version() != 10 && message.version() != 11)
        return transport_problem(505, "HTTP/1.1 and HTTP/1.0 are understood");
    if (auto refusal = check_framing(parser)) return *refusal;
    if (auto refusal = check_host(message)) return *refusal;
    auto target = parse_target(std_view(message.target()));
    if (!target) return problem_of(target.error().code() == ErrorCode::too_large ? 414 : 400, target.error());

    Head head;
    head.request = to_request(message, std::move(target.value()));
    head.match = router.match(head.request.method, head.request.target);
    if (head.match.route == nullptr) {
        if (head.match.status == 404) return transport_problem(404, "nothing is here");
        return transport_problem(405, "the method " + head.request.method + " is not for this path")
            .with("Allow", head.match.allow);
    }
    if (auto refusal = check_body(parser, head.match.route->options)) return *refusal;
    head.request.parameters = std::move(head.match.parameters);

    const auto expect = std_view(message[http::field::expect]);
    if (!expect.empty()) {
        // RFC 9110 10.1.1: an expectation in a HTTP/1.0 request is ignored; one that is unknown may be answered by 417.
        if (!equal_ignoring_case(expect, "100-continue"))
            return transport_problem(417, "the only expectation that is understood is 100-continue");
        head.expects_continue = message.version() >= 11;
    }
    return head;
}

std::optional<Response> refuse_parse(const boost::beast::error_code& ec, const Parser& parser) {
    if (ec == http::error::end_of_stream || ec == http::error::partial_message || ec == boost::asio::error::eof)
        return std::nullopt;
    if (ec.category() != http::make_error_code(http::error::bad_method).category())
        return std::nullopt;  // the connection broke
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        if (!parser.is_header_done() && parser.get().target().empty())
            return transport_problem(414, "the request line is too long");
        return transport_problem(431, "the header is too large");
    }
    if (ec == http::error::body_limit) return transport_problem(413, "the body is too large");
    if (ec == http::error::bad_version) return transport_problem(505, "HTTP/1.1 and HTTP/1.0 are understood");
    return transport_problem(400, "the request breaks HTTP: " + ec.message());
}

std::string format_head(const Response& response, const HeadFormat& format) {
    const auto field = [](std::string& out, std::string_view name, std::string_view value) {
        out += name;
        out += ": ";
        // A handler's value is our own text; should a peer's octets ever get into it, they must not end the line.
        for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
        out += "\r\n";
    };
    std::string out = format.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
    out += std::to_string(response.status) + " " + std::string{reason_phrase(response.status)} + "\r\n";
    field(out, "Date", format_http_date(format.date));
    field(out, "Connection", format.keep_alive ? "keep-alive" : "close");
    // RFC 9110 8.6: no Content-Length in 1xx and 204; 304 would state the length of what it does not send.
    if (response.status != 204 && response.status != 304)
        field(out, "Content-Length", std::to_string(response.content().size()));
    field(out, "X-Content-Type-Options", "nosniff");
    if (response.header("Cache-Control") == nullptr) field(out, "Cache-Control", "no-store");
    for (const auto& header : response.headers) field(out, header.name, header.value);
    out += "\r\n";
    return out;
}

}  // namespace sealwright::http_server
