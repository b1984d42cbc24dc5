// ocsp_protocol.hpp: OCSP over HTTP (RFC 6960 appendix A, RFC 5019 sections 5 and 6): a request's bytes to the
// responder, its answer to a response with the right caching fields. What is said inside is issuance's business.
#pragma once

#include <chrono>
#include <functional>

#include "base/clock.hpp"
#include "http_server/router.hpp"
#include "issuance/ocsp_responder.hpp"

namespace sealwright::protocols::ocsp {

// Ports: answer is OcspResponder::answer.
struct Ports {
    std::function<issuance::OcspAnswer(ByteView request)> answer;
    const Clock& clock;
    // How long a cache may keep an answer at most. Shorter than the answer's validity, so that a revocation is seen.
    std::chrono::seconds max_age{std::chrono::hours{1}};
};

// decode_get_request reads the path behind "/ocsp/": the base64 of the request, percent-encoded or not as clients
// differ. Tolerated: '/', '+' and '=' unescaped, '/' in front, missing padding, line breaks. Else malformed.
Result<Bytes> decode_get_request(std::string_view raw_path);

http_server::Response handle_post(const Ports& ports, const http_server::Request& request);
http_server::Response handle_get(const Ports& ports, const http_server::Request& request);

// add_routes serves POST /ocsp and GET /ocsp/{request}.
void add_routes(http_server::Router& router, Ports ports);

}  // namespace sealwright::protocols::ocsp
