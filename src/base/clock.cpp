#include "base/clock.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

namespace sealwright {
namespace {

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

constexpr std::array<std::pair<char, std::int64_t>, 6> kUnits{{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'y', 31536000}}};

}  // namespace

UtcTime SystemClock::now() const { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

std::string to_rfc3339(UtcTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    std::array<char, 48> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return buffer.data();
}

Result<UtcTime> from_rfc3339(std::string_view text) {
    const auto bad = [&] { return fail(ErrorCode::malformed, "a time must read like 2026-11-22T10:57:29Z"); };
    if (text.size() != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') return bad();
    const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return bad();
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return bad();
    return UtcTime{std::chrono::sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second};
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
    const auto bad = [&] { return fail(ErrorCode::malformed, "a duration must read like 90s, 15m, 12h, 7d, 2w or 1y"); };
    if (text.size() < 2) return bad();
    std::int64_t count = 0;
    const char* end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{} || stop != end || count <= 0) return bad();
    for (const auto& [unit, seconds] : kUnits) {
        if (unit != text.back()) continue;
        if (count > 100LL * 31536000 / seconds) return fail(ErrorCode::too_large, "a duration must not exceed 100 years");
        return std::chrono::seconds{count * seconds};
    }
    return bad();
}

}  // namespace sealwright
