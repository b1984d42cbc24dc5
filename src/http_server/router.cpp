#include "http_server/router.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace sealwright::http_server {
namespace {

bool is_parameter(std::string_view segment) noexcept {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) noexcept { return is_parameter(segment) && segment.ends_with("...}"); }
std::string parameter_name(std::string_view segment) {
    const std::size_t around = is_rest(segment) ? std::string_view{"{...}"}.size() : std::string_view{"{}"}.size();
    return std::string{segment.substr(1, segment.size() - around)};
}

// raw_rest gives the path from its n-th segment on, as it was sent.
std::string raw_rest(std::string_view path, std::size_t n) {
    path.remove_prefix(1);
    for (; n > 0; --n) path.remove_prefix(path.find('/') + 1);
    return std::string{path};
}

bool fits(const Route& route, const Target& target, Match& match) {
    const auto& pattern = route.segments;
    const auto& path = target.segments;
    match.parameters.clear();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (i >= path.size()) return false;
        if (is_rest(pattern[i])) {
            std::string rest = raw_rest(target.path, i);
            if (rest.empty()) return false;
            match.parameters.emplace(parameter_name(pattern[i]), std::move(rest));
            return true;
        }
        if (is_parameter(pattern[i])) {
            if (path[i].empty()) return false;
            match.parameters.emplace(parameter_name(pattern[i]), path[i]);
        } else if (pattern[i] != path[i]) {
            return false;
        }
    }
    return pattern.size() == path.size();
}

bool answers(const Route& route, std::string_view method) noexcept {
    return route.method == method || (route.method == "GET" && method == "HEAD");
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, RouteOptions options, Handler handler) {
    std::vector<std::string> segments;
    if (!pattern.starts_with('/'))
        throw std::logic_error("a route's pattern must start with '/': " + std::string{pattern});
    for (std::size_t at = 1; at <= pattern.size();) {
        const auto slash = std::min(pattern.find('/', at), pattern.size());
        segments.emplace_back(pattern.substr(at, slash - at));
        at = slash + 1;
    }
    routes_.push_back({std::move(method), std::string{pattern}, options, std::move(handler), std::move(segments)});
}

Match Router::match(std::string_view method, const Target& target) const {
    Match match;
    std::set<std::string> allowed;
    for (const auto& route : routes_) {
        if (!fits(route, target, match)) continue;
        if (answers(route, method)) {
            match.route = &route;
            match.status = 200;
            return match;
        }
        allowed.insert(route.method);
        if (route.method == "GET") allowed.insert("HEAD");
    }
    match.parameters.clear();
    if (allowed.empty()) return match;
    match.status = 405;
    for (const auto& each : allowed) match.allow += (match.allow.empty() ? "" : ", ") + each;
    return match;
}

}  // namespace sealwright::http_server
