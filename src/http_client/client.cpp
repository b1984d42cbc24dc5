#include "http_client/client.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "http_client/endpoint.hpp"
#include "http_client/stream.hpp"

namespace sealwright::http_client {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

bool is_token_character(char c) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) noexcept { return !text.empty() && std::ranges::all_of(text, is_token_character); }
bool is_field_value(std::string_view text) noexcept {
    return std::ranges::all_of(
        text, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}
bool is_target(std::string_view text) noexcept {
    return text.starts_with('/') && std::ranges::all_of(text, [](char c) {
               return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
           });
}
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

// check_request keeps what a caller passes on from smuggling a second request or field.
Result<void> check_request(const Request& request) {
    if (!is_token(request.method)) return fail(ErrorCode::malformed, "the method is no HTTP token");
    if (!is_target(request.target))
        return fail(ErrorCode::malformed, "the target must be an escaped path: " + escape_segment(request.target));
    for (const auto& header : request.headers) {
        if (!is_token(header.name) || !is_field_value(header.value))
            return fail(ErrorCode::malformed, "a header field cannot be written: " + escape_segment(header.name));
        for (const std::string_view reserved : {"Host", "Content-Length", "Transfer-Encoding", "Connection"}) {
            if (equal_ignoring_case(header.name, reserved))
                return fail(ErrorCode::malformed, header.name + " is written by the client itself");
        }
    }
    return success();
}

http::request<http::string_body> to_beast(const Request& request, const std::string& host) {
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    message.set(http::field::host, host);
    message.set(http::field::user_agent, "sealwright/" SEALWRIGHT_VERSION);
    for (const auto& header : request.headers) message.insert(header.name, header.value);
    message.body() = request.body;
    message.prepare_payload();
    return message;
}

Response from_beast(http::response<http::string_body>&& message) {
    Response response{.status = message.result_int(), .headers = {}, .body = std::move(message.body())};
    for (const auto& field : message)
        response.headers.push_back({std::string{field.name_string()}, std::string{field.value()}});
    return response;
}

Error describe_failure(const Stream& stream, const beast::error_code& ec) {
    if (stream.failure()) return *stream.failure();
    if (ec == http::error::body_limit || ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        return fail(ErrorCode::too_large, "the server's answer is larger than allowed");
    }
    if (ec == http::error::end_of_stream || ec == http::error::partial_message) {
        return fail(ErrorCode::unavailable, "the server closed the connection before its answer was whole");
    }
    return fail(ErrorCode::malformed, "the server's answer breaks HTTP: " + ec.message());
}

}  // namespace

const std::string* Response::header(std::string_view name) const noexcept {
    for (const auto& each : headers) {
        if (equal_ignoring_case(each.name, name)) return &each.value;
    }
    return nullptr;
}

std::string escape_segment(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view unreserved = "-._~";
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           unreserved.find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += digits[octet >> 4];
            out += digits[octet & 15];
        }
    }
    return out;
}

struct Client::State {
    Endpoint endpoint;
    Options options;
    SslCtxPtr context;
    std::unique_ptr<Stream> stream;
    beast::flat_buffer buffer;

    Result<void> connect() {
        if (stream && !stream->is_stale() && buffer.size() == 0) return success();
        close();
        const Deadline deadline = std::chrono::steady_clock::now() + options.connect_timeout;
        SEALWRIGHT_TRY(stream, Stream::open(endpoint, context.get(), options.tls.server_name, deadline));
        return success();
    }
    void close() {
        stream.reset();
        buffer.clear();
    }
    Result<Response> exchange(const Request& request);
    Result<Response> read_response(bool without_body);
};

Result<Response> Client::State::exchange(const Request& request) {
    stream->begin_request();
    stream->set_deadline(std::chrono::steady_clock::now() + options.request_timeout);
    beast::error_code ec;
    auto message = to_beast(request, endpoint.host_header);
    http::write(*stream, message, ec);
    // A server that refuses a large body may answer and stop reading: its answer is worth more than our failure to
    // write.
    const bool written = !ec;
    const auto write_failure = written ? std::nullopt : std::optional<Error>{describe_failure(*stream, ec)};
    auto response = read_response(request.method == "HEAD");
    if (!response && write_failure) return *write_failure;
    if (!response || !written) close();
    return response;
}

Result<Response> Client::State::read_response(bool without_body) {
    for (;;) {
        http::response_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(options.max_header));
        parser.body_limit(options.max_body);
        parser.skip(without_body);
        beast::error_code ec;
        http::read(*stream, buffer, parser, ec);
        if (ec) return describe_failure(*stream, ec);
        // RFC 9110 15.2: a client parses interim answers, even unexpected ones.
        if (parser.get().result_int() >= 100 && parser.get().result_int() < 200) continue;
        if (!parser.keep_alive()) close();
        return from_beast(parser.release());
    }
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::open(std::string_view url, Options options) {
    SEALWRIGHT_TRY(auto endpoint, parse_endpoint(url));
    auto state = std::make_unique<State>();
    if (endpoint.transport == Transport::tls) {
        SEALWRIGHT_TRY(state->context, make_tls_context(options.tls));
    }
    state->endpoint = std::move(endpoint);
    state->options = std::move(options);
    return Client{std::move(state)};
}

Result<void> Client::connect() { return state_->connect(); }

Result<Response> Client::send(const Request& request) {
    SEALWRIGHT_TRY(check_request(request));
    SEALWRIGHT_TRY(state_->connect());
    auto response = state_->exchange(request);
    if (!response) state_->close();
    return response;
}

}  // namespace sealwright::http_client
