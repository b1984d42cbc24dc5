#include "cli/admin_client.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "cli/exit_code.hpp"
#include "cli/printable.hpp"
#include "http_client/client.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kMaxDetail = 4096;

// what_stands_there looks before connecting, since "connection refused" tells nobody which of the four usual causes it
// was.
Result<void> what_stands_there(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        const std::string advice =
            errno == EACCES
                ? "The folder is open to the daemon's user and group: run this as root or as a member of the group."
                : "Is sealwrightd running (systemctl status sealwrightd)? Is its admin socket elsewhere (--socket "
                  "PATH)?";
        return with_advice(fail(ErrorCode::unavailable, "no daemon at " + path + ": " + std::strerror(errno)), advice);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return with_advice(fail(ErrorCode::unavailable, path + " is not a socket"),
                           "Name the daemon's admin socket with --socket PATH.");
    }
    return success();
}

Error cannot_connect(const std::string& path, const Error& why) {
    const bool forbidden = why.public_detail().find(std::strerror(EACCES)) != std::string::npos;
    return with_advice(
        fail(ErrorCode::unavailable, "no daemon answers at " + path, why.public_detail()),
        forbidden ? "The socket is open to the daemon's user and group: run this as root or as a member of the group."
                  : "The socket is there, but nobody listens: is sealwrightd running (systemctl status sealwrightd)?");
}

// A broken exchange after connecting: a question can be asked again; a command may have been carried out.
Error broken_exchange(const Error& why, bool changes_something) {
    if (why.code() == ErrorCode::malformed || why.code() == ErrorCode::too_large) {
        const Error answer = fail(changes_something ? ErrorCode::indeterminate : ErrorCode::malformed,
                                  "the daemon's answer cannot be read", why.public_detail());
        return with_advice(answer,
                           "Is it sealwrightd that listens there, and of this program's version (sealwright version)?");
    }
    if (!changes_something)
        return with_advice(fail(ErrorCode::unavailable, "the daemon did not answer", why.public_detail()),
                           "Ask again.");
    return with_advice(
        fail(ErrorCode::indeterminate, "the daemon's answer never came: what was asked may or may not have happened",
             why.public_detail()),
        "Look before asking again: sealwright ca status, cert list, request list, audit show.");
}

ErrorCode code_for_status(unsigned status) noexcept {
    switch (status) {
        case 400:
            return ErrorCode::malformed;
        case 401:
            return ErrorCode::unauthenticated;
        case 403:
            return ErrorCode::denied;
        case 404:
            return ErrorCode::not_found;
        case 409:
            return ErrorCode::conflict;
        case 413:
            return ErrorCode::too_large;
        case 429:
            return ErrorCode::overloaded;
        case 503:
            return ErrorCode::unavailable;
        case 504:
            return ErrorCode::timed_out;
        default:
            return ErrorCode::internal;
    }
}

}  // namespace

Target::Target(std::initializer_list<std::string_view> segments) {
    for (const std::string_view segment : segments) text_ += '/' + http_client::escape_segment(segment);
}

Target& Target::with(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    text_ += (has_query_ ? '&' : '?');
    text_ += http_client::escape_segment(name) + '=' + http_client::escape_segment(value);
    has_query_ = true;
    return *this;
}

Error read_problem(unsigned status, std::string_view body) {
    const auto plain = [&] {
        return fail(code_for_status(status), "the server answered with status " + std::to_string(status));
    };
    const auto value = parse_json(body);
    if (!value) return plain();
    Fields problem{value.value(), "the problem document"};
    const std::string name = problem.text_or("code", "");
    std::string detail = problem.text_or("detail", "");
    if (detail.empty()) detail = problem.text_or("title", "");
    if (!problem.check() || detail.empty()) return plain();
    const ErrorCode code = parse_error_code(name);
    // parse_error_code gives internal for a name that it does not know: then the status says more.
    const bool known = error_code_name(code) == name;
    return fail(known ? code : code_for_status(status), printable(detail.substr(0, kMaxDetail)));
}

struct AdminClient::State {
    http_client::Client client;
    std::string socket_path;

    Result<http_client::Response> exchange(const http_client::Request& request, bool changes_something) {
        if (auto connected = client.connect(); !connected) return cannot_connect(socket_path, connected.error());
        auto response = client.send(request);
        if (!response) return broken_exchange(response.error(), changes_something);
        return response;
    }
};

AdminClient::AdminClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
AdminClient::AdminClient(AdminClient&&) noexcept = default;
AdminClient& AdminClient::operator=(AdminClient&&) noexcept = default;
AdminClient::~AdminClient() = default;

Result<AdminClient> AdminClient::open(const std::string& socket_path) {
    SEALWRIGHT_TRY(what_stands_there(socket_path));
    SEALWRIGHT_TRY(auto client, http_client::Client::open("unix:" + socket_path));
    return AdminClient{std::make_unique<State>(State{std::move(client), socket_path})};
}

Result<json::value> AdminClient::get(const Target& target) {
    const http_client::Request request{
        .method = "GET", .target = target.text(), .headers = {{"Accept", "application/json"}}, .body = {}};
    SEALWRIGHT_TRY(const auto response, state_->exchange(request, false));
    if (response.status >= 400) return read_problem(response.status, response.body);
    auto value = parse_json(response.body);
    if (!value) return broken_exchange(value.error(), false);
    return value;
}

Result<Answer> AdminClient::post(const Target& target, const json::value& body) {
    const http_client::Request request{
        .method = "POST",
        .target = target.text(),
        .headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}},
        .body = json_line(body)};
    SEALWRIGHT_TRY(const auto response, state_->exchange(request, true));
    if (response.status >= 400) return read_problem(response.status, response.body);
    if (response.body.empty()) return Answer{response.status, nullptr};
    auto value = parse_json(response.body);
    if (!value) return broken_exchange(value.error(), true);
    return Answer{response.status, std::move(value).value()};
}

}  // namespace sealwright::cli
