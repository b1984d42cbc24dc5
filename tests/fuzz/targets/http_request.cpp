// A connection's octets as the server reads them: header, framing, body.
#include <boost/asio/buffer.hpp>

#include "http_server/framing.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::http_server;
using sealwright::fuzz::require;

namespace {

constexpr std::size_t kMaxBody = 64;

const Router& router() {
    static const Router made = [] {
        Router router;
        const auto nothing = [](const Request&) { return Response{}; };
        router.add("POST", "/echo", {.body = BodyRule::required, .max_body = kMaxBody}, nothing);
        router.add("POST", "/{name}/do", {.body = BodyRule::optional, .max_body = kMaxBody}, nothing);
        router.add("GET", "/rest/{rest...}", {}, nothing);
        return router;
    }();
    return made;
}

// feed gives a parser what it takes of the octets, and how many that were.
std::size_t feed(Parser& parser, ByteView octets, boost::beast::error_code& ec) {
    std::size_t taken = 0;
    while (taken < octets.size() && !ec && !parser.is_done()) {
        const auto rest = octets.subspan(taken);
        const std::size_t now = parser.put(boost::asio::buffer(rest.data(), rest.size()), ec);
        taken += now;
        if (ec == boost::beast::http::error::need_more) {
            ec = {};
            if (now == 0) break;
        }
        if (parser.is_header_done()) break;
    }
    return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView octets{data, size};
    Parser parser;
    parser.header_limit(16384);
    parser.body_limit(boost::none);
    boost::beast::error_code ec;
    std::size_t taken = feed(parser, octets, ec);
    if (ec) {
        if (const auto refusal = refuse_parse(ec, parser))
            require(refusal->status >= 400 && refusal->status < 600, "a refusal is an error");
        return 0;
    }
    if (!parser.is_header_done()) return 0;

    auto read = read_head(parser, router());
    if (const auto* refusal = std::get_if<Response>(&read)) {
        require(refusal->status >= 400 && refusal->status < 600, "a refusal is an error");
        const auto head = format_head(*refusal, {.http_1_0 = parser.get().version() == 10});
        require(head.find("\r\n\r\n") == head.size() - 4, "an answer's header ends once");
        return 0;
    }
    const auto& head = std::get<Head>(read);
    require(head.match.route != nullptr, "what is accepted has a route");
    std::size_t lengths = 0, codings = 0, hosts = 0;
    for (const auto& header : head.request.headers) {
        lengths += equal_ignoring_case(header.name, "Content-Length") ? 1 : 0;
        codings += equal_ignoring_case(header.name, "Transfer-Encoding") ? 1 : 0;
        hosts += equal_ignoring_case(header.name, "Host") ? 1 : 0;
        require(header.value.find('\n') == std::string::npos && header.value.find('\r') == std::string::npos,
                "a field is one line");
    }
    require(lengths + codings <= 1, "the length of a body is said once");
    require(hosts == 1 || parser.get().version() == 10, "an HTTP/1.1 request has one host");

    parser.body_limit(head.match.route->options.max_body);
    parser.eager(true);
    while (taken < octets.size() && !ec && !parser.is_done()) {
        const auto rest = octets.subspan(taken);
        const std::size_t now = parser.put(boost::asio::buffer(rest.data(), rest.size()), ec);
        taken += now;
        if (ec == boost::beast::http::error::need_more) ec = {};
        if (now == 0) break;
    }
    require(ec || parser.get().body().size() <= kMaxBody, "a body keeps its bound");
    return 0;
}
