// times.hpp: points in time as people read them: always UTC, and how far away beside.
#pragma once

#include <string>

#include "base/clock.hpp"

namespace sealwright::cli {

// format_time is "2026-11-22 10:57:29 UTC".
std::string format_time(UtcTime time);

// format_distance is "in 89 days", "3 hours ago", "now": the largest unit that is not less than two of it, rounded
// down.
std::string format_distance(UtcTime time, UtcTime now);

// format_when is both: "2027-02-20 10:57:29 UTC (in 89 days)".
std::string format_when(UtcTime time, UtcTime now);

// format_day is for narrow columns: "2027-02-20 (in 89 days)".
std::string format_day(UtcTime time, UtcTime now);

// format_duration is "1 hour", "90 minutes", "89 days".
std::string format_duration(std::chrono::seconds length);

// parse_time_argument reads what a person may type: RFC 3339 UTC, a day ("2027-02-20", its first second), or a span
// from now ("30d").
Result<UtcTime> parse_time_argument(std::string_view text, UtcTime now);

}  // namespace sealwright::cli
