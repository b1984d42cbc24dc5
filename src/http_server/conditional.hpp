// conditional.hpp: validators, freshness and conditional requests (RFC 9110 sections 8.8 and 13, RFC 9111 section 5).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "http_server/message.hpp"

namespace sealwright::http_server {

struct Freshness {
    std::string etag;  // without quotation marks
    UtcTime last_modified{};
    std::optional<UtcTime> expires{};
    std::chrono::seconds max_age{};  // bounded by expires
    bool by_date = true;  // false where two versions can have one last_modified: If-Modified-Since is ignored
};

// with_freshness adds ETag, Last-Modified, Expires and Cache-Control, and turns a response that the peer has already
// (If-None-Match, else If-Modified-Since) into 304.
Response with_freshness(Response response, const Freshness& freshness, const Request& request, UtcTime now);

}  // namespace sealwright::http_server
