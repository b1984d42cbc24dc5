// admin_client.hpp: the daemon's admin API (HTTP and JSON over the admin socket) as the commands use it. What comes
// back is bounded, parsed and made printable; problems become errors of the house, and each says whether anything can
// have happened.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "cli/json.hpp"

namespace sealwright::cli {

// Target builds a path and its query from parts, each escaped.
class Target {
public:
    // Target{"v1", "certificates", serial} is /v1/certificates/<serial>.
    Target(std::initializer_list<std::string_view> segments);
    // with adds a query parameter; an empty value is left out.
    Target& with(std::string_view name, std::string_view value);
    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    bool has_query_ = false;
};

struct Answer {
    unsigned status = 0;
    json::value body;
};

// AdminClient: one connection, one thread. Errors of get and post: unavailable (nobody listens, or no permission to
// ask: surely nothing happened), indeterminate (a post whose answer never came: it may have happened), malformed (the
// answer is not what the admin API gives), and every code that the daemon's problem documents carry, with their detail.
class AdminClient {
public:
    static Result<AdminClient> open(const std::string& socket_path);

    AdminClient(AdminClient&&) noexcept;
    AdminClient& operator=(AdminClient&&) noexcept;
    ~AdminClient();

    Result<json::value> get(const Target& target);
    Result<Answer> post(const Target& target, const json::value& body = json::object{});

private:
    struct State;
    explicit AdminClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// read_problem turns an answer of status 400 or more into an error: an RFC 9457 problem document of ours, or whatever
// it is.
Error read_problem(unsigned status, std::string_view body);

}  // namespace sealwright::cli
