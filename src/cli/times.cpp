#include "cli/times.hpp"

#include <array>
#include <cstdint>

namespace sealwright::cli {
namespace {

struct Unit {
    std::int64_t seconds;
    std::string_view name;
};
constexpr std::array<Unit, 5> kUnits{
    {{365LL * 86400, "year"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}};

// A span is counted in the largest unit of which it holds at least two, so that little is lost: 36 hours, not 1 day;
// but one hour sharp is 1 hour.
std::string count(std::int64_t seconds) {
    for (const auto& unit : kUnits) {
        const std::int64_t whole = seconds / unit.seconds;
        if (whole >= 2 || (whole == 1 && seconds % unit.seconds == 0)) {
            return std::to_string(whole) + ' ' + std::string{unit.name} + (whole == 1 ? "" : "s");
        }
    }
    return "0 seconds";
}

}  // namespace

std::string format_time(UtcTime time) {
    std::string text = to_rfc3339(time);
    text.replace(10, 1, " ");
    text.replace(text.size() - 1, 1, " UTC");
    return text;
}

std::string format_distance(UtcTime time, UtcTime now) {
    if (time == now) return "now";
    return time > now ? "in " + count((time - now).count()) : count((now - time).count()) + " ago";
}

std::string format_when(UtcTime time, UtcTime now) {
    return format_time(time) + " (" + format_distance(time, now) + ")";
}

std::string format_day(UtcTime time, UtcTime now) {
    return to_rfc3339(time).substr(0, 10) + " (" + format_distance(time, now) + ")";
}

std::string format_duration(std::chrono::seconds length) { return count(length.count()); }

Result<UtcTime> parse_time_argument(std::string_view text, UtcTime now) {
    if (text.size() == 10) {
        if (auto day = from_rfc3339(std::string{text} + "T00:00:00Z")) return day;
    }
    if (auto time = from_rfc3339(text)) return time;
    if (auto span = parse_duration(text)) return now + span.value();
    return fail(ErrorCode::malformed,
                "'" + std::string{text} +
                    "' is no time; write 2027-02-20, 2027-02-20T10:57:29Z or a span from now such as 30d");
}

}  // namespace sealwright::cli
