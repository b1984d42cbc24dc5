// router.hpp: which handler answers a method and a path. Built once, then read by many threads.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http_server/message.hpp"

namespace sealwright::http_server {

// Handler is a blocking function on a worker thread: value in, value out. It may throw: the peer then gets 500 and no
// detail.
using Handler = std::function<Response(const Request&)>;

enum class BodyRule : std::uint8_t { none, optional, required };

struct RouteOptions {
    BodyRule body = BodyRule::none;
    std::size_t max_body = 0;  // octets, where a body may be
    // passes boundary daemon.answered when the last octet of its answer was written (base/boundary.hpp)
    bool names_boundary = false;
};

struct Route {
    std::string method, pattern;
    RouteOptions options;
    Handler handler;
    std::vector<std::string> segments;  // of the pattern
};

// What a method and a path lead to.
struct Match {
    const Route* route = nullptr;  // null: status and allow say why
    unsigned status = 404;         // 404 or 405
    std::string allow;             // for 405
    std::map<std::string, std::string, std::less<>> parameters{};
};

// Router: routes in the order in which they were added; the first whose pattern fits wins. Not thread-safe while routes
// are added.
class Router {
public:
    // add: a pattern is "/a/{name}/b", where {name} takes one non-empty segment, or "/a/{name...}", which takes the
    // rest of the path, not empty, as it was sent. A GET route answers HEAD as well.
    void add(std::string method, std::string_view pattern, RouteOptions options, Handler handler);
    Match match(std::string_view method, const Target& target) const;

private:
    std::vector<Route> routes_;
};

}  // namespace sealwright::http_server
