#include "protocols/ocsp/ocsp_protocol.hpp"

#include "crypto/digest.hpp"
#include "http_server/conditional.hpp"
#include "http_server/problem.hpp"

namespace sealwright::protocols::ocsp {
namespace {

using http_server::Request;
using http_server::Response;

constexpr std::string_view kRequestType = "application/ocsp-request";
constexpr std::string_view kResponseType = "application/ocsp-response";

Response response_of(const issuance::OcspAnswer& answer) {
    return http_server::response_of(200, kResponseType, std::string{text_of(answer.der)});
}

// RFC 5019 6.2: what a cache must be told. max-age is "later than thisUpdate but earlier than nextUpdate".
Response cacheable(const Ports& ports, const issuance::OcspAnswer& answer, const Request& request) {
    const http_server::Freshness freshness{.etag = crypto::sha256(answer.der).hex().substr(0, 40),
                                           .last_modified = answer.this_update,
                                           .expires = answer.next_update,
                                           .max_age = ports.max_age};
    return http_server::with_freshness(response_of(answer), freshness, request, ports.clock.now());
}

}  // namespace

Result<Bytes> decode_get_request(std::string_view raw_path) {
    SEALWRIGHT_TRY(const auto decoded, http_server::percent_decode(raw_path));
    std::string text;
    for (const char c : decoded) {
        if (c != '\r' && c != '\n') text += c;
    }
    // A base URL that ends with '/' makes two of them. A request is a SEQUENCE, whose base64 never begins with one.
    text.erase(0, text.find_first_not_of('/'));
    while (text.ends_with('=')) text.pop_back();
    text.append((4 - text.size() % 4) % 4, '=');
    return from_base64(text);
}

Response handle_post(const Ports& ports, const Request& request) {
    const auto type = request.sole_header("Content-Type");
    if (!type) return http_server::problem_of(400, type.error());
    if (http_server::media_type(type.value().value_or("")) != kRequestType) {
        return http_server::transport_problem(415, "an OCSP request has the type application/ocsp-request");
    }
    return response_of(ports.answer(view_of(request.body)));
}

Response handle_get(const Ports& ports, const Request& request) {
    const auto der = decode_get_request(request.parameter("request"));
    // What is no base64 is answered like what is no request: by OCSP's own error, which an OCSP client understands.
    const auto answer = ports.answer(der ? ByteView{der.value()} : ByteView{});
    return answer.cacheable ? cacheable(ports, answer, request) : response_of(answer);
}

void add_routes(http_server::Router& router, Ports ports) {
    using http_server::BodyRule;
    router.add("POST", "/ocsp", {.body = BodyRule::required, .max_body = x509::kMaxOcspRequestSize},
               [ports](const Request& request) { return handle_post(ports, request); });
    router.add("GET", "/ocsp/{request...}", {}, [ports](const Request& request) { return handle_get(ports, request); });
}

}  // namespace sealwright::protocols::ocsp
