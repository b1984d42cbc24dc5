#include "http_server/message.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

namespace sealwright::http_server {
namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr std::array<std::pair<unsigned, std::string_view>, 27> kReasons{{
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

const std::string* find(const std::vector<Header>& headers, std::string_view name) noexcept {
    const auto found =
        std::ranges::find_if(headers, [&](const Header& each) { return equal_ignoring_case(each.name, name); });
    return found == headers.end() ? nullptr : &found->value;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

const std::string* Request::header(std::string_view name) const noexcept { return find(headers, name); }
const std::string* Response::header(std::string_view name) const noexcept { return find(headers, name); }

Result<std::optional<std::string>> Request::sole_header(std::string_view name) const {
    const auto count =
        std::ranges::count_if(headers, [&](const Header& each) { return equal_ignoring_case(each.name, name); });
    if (count == 0) return std::optional<std::string>{};
    if (count > 1)
        return fail(ErrorCode::malformed, "the header field " + std::string{name} + " stands there more than once");
    return std::optional<std::string>{*header(name)};
}

const std::string& Request::parameter(std::string_view name) const noexcept {
    static const std::string none;
    const auto found = parameters.find(name);
    return found == parameters.end() ? none : found->second;
}

Response response_of(unsigned status, std::string_view content_type, std::string body) {
    Response response{.status = status, .body = std::move(body)};
    response.with("Content-Type", std::string{content_type});
    return response;
}

std::string media_type(std::string_view content_type) {
    content_type = content_type.substr(0, content_type.find(';'));
    while (!content_type.empty() && (content_type.back() == ' ' || content_type.back() == '\t'))
        content_type.remove_suffix(1);
    std::string type{content_type};
    std::ranges::transform(type, type.begin(), lower);
    return type;
}

std::string_view reason_phrase(unsigned status) noexcept {
    const auto found = std::ranges::find(kReasons, status, &std::pair<unsigned, std::string_view>::first);
    return found == kReasons.end() ? "Unknown" : found->second;
}

std::string format_http_date(std::int64_t unix_seconds) {
    const std::chrono::sys_seconds time{std::chrono::seconds{unix_seconds}};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    const auto weekday = kDays[std::chrono::weekday{day}.c_encoding()];
    const auto month = kMonths[static_cast<unsigned>(date.month()) - 1];
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", weekday.data(),
                  static_cast<unsigned>(date.day()), month.data(), static_cast<int>(date.year()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return buffer.data();
}

Result<std::int64_t> parse_http_date(std::string_view text) {
    const auto bad = [] { return fail(ErrorCode::malformed, "not an HTTP date"); };
    // "Sun, 22 Nov 2026 10:57:29 GMT"
    if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
        text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
        return bad();
    }
    const auto number = [&](std::size_t at, std::size_t count) -> int {
        int value = 0;
        for (const char c : text.substr(at, count)) {
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    };
    const auto month = std::ranges::find(kMonths, text.substr(8, 3));
    const int day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
              second = number(23, 2);
    if (month == kMonths.end() || day < 1 || year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return bad();
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month - kMonths.begin()) + 1},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return bad();
    const auto time = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                      std::chrono::seconds{second};
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace sealwright::http_server
