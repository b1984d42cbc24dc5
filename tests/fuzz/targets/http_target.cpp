// Request targets: what is read can be written and read again, and no route is reached but by its own path.
#include "http_server/router.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::http_server;
using sealwright::fuzz::require;

namespace {

std::string escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        out += '%';
        out += digits[octet >> 4];
        out += digits[octet & 15];
    }
    return out;
}

const Router& router() {
    static const Router made = [] {
        Router router;
        const auto nothing = [](const Request&) { return Response{}; };
        router.add("GET", "/v1/things", {}, nothing);
        router.add("GET", "/v1/things/{id}", {}, nothing);
        router.add("POST", "/v1/things/{id}/drop", {}, nothing);
        router.add("GET", "/ocsp/{request...}", {}, nothing);
        return router;
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto target = parse_target(text_of({data, size}));
    if (!target) return 0;
    const auto& it = target.value();
    require(it.path.starts_with('/') && !it.segments.empty(), "a target has a path");
    std::string again;
    for (const auto& segment : it.segments) again += "/" + escaped(segment);
    std::string query;
    for (const auto& [name, value] : it.query)
        query += (query.empty() ? "?" : "&") + escaped(name) + "=" + escaped(value);
    // A long one grows past the bound when everything is escaped.
    if (const auto second = parse_target(again + query)) {
        require(second.value().segments == it.segments, "segments are read as they were written");
        // A parameter without a name and a value is skipped where nothing stands between two ampersands.
        require(second.value().query == it.query, "parameters are read as they were written");
    } else {
        require((again + query).size() > kMaxTarget, "what was read can be written");
    }
    for (const char* method : {"GET", "HEAD", "POST", "DELETE"}) {
        const auto match = router().match(method, it);
        if (match.route == nullptr) {
            require(match.status == 404 || (match.status == 405 && !match.allow.empty()), "what is not found says why");
            continue;
        }
        require(match.route->segments.size() <= it.segments.size(), "a route is as long as its path");
        for (const auto& [name, value] : match.parameters) require(!value.empty(), "a parameter is not empty");
    }
    return 0;
}
