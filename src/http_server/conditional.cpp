#include "http_server/conditional.hpp"

#include <algorithm>

namespace sealwright::http_server {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// RFC 9110 13.1.2: weak comparison over a list of entity tags. Ours contain no comma, so that splitting at commas can
// only miss other servers' tags.
bool names_etag(std::string_view list, std::string_view quoted) noexcept {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        auto tag = trimmed(list.substr(0, comma));
        if (tag == "*") return true;
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == quoted) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

bool peer_has_it(const Request& request, const std::string& quoted, const Freshness& freshness) {
    if (request.method != "GET" && request.method != "HEAD") return false;
    // RFC 9110 13.1.3: If-Modified-Since is ignored where If-None-Match stands.
    if (const auto* tags = request.header("If-None-Match")) return names_etag(*tags, quoted);
    const auto* since = request.header("If-Modified-Since");
    if (since == nullptr || !freshness.by_date) return false;
    const auto date = parse_http_date(*since);
    return date && freshness.last_modified.time_since_epoch().count() <= date.value();
}

}  // namespace

Response with_freshness(Response response, const Freshness& freshness, const Request& request, UtcTime now) {
    const std::string quoted = '"' + freshness.etag + '"';
    auto max_age = freshness.max_age;
    response.with("ETag", quoted)
        .with("Last-Modified", format_http_date(freshness.last_modified.time_since_epoch().count()));
    if (freshness.expires) {
        response.with("Expires", format_http_date(freshness.expires->time_since_epoch().count()));
        max_age =
            std::clamp(max_age, std::chrono::seconds{0}, std::max(*freshness.expires - now, std::chrono::seconds{0}));
    }
    response.with("Cache-Control",
                  "max-age=" + std::to_string(max_age.count()) + ", public, no-transform, must-revalidate");
    if (!peer_has_it(request, quoted, freshness)) return response;
    response.status = 304;
    response.body.clear();
    response.shared_body.reset();
    return response;
}

}  // namespace sealwright::http_server
