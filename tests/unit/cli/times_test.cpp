#include "cli/times.hpp"

#include <gtest/gtest.h>

namespace sealwright::cli {
namespace {

using namespace std::chrono_literals;

const UtcTime kNow = from_rfc3339("2026-11-22T10:57:29Z").value();

TEST(Times, ShowsUtcAndHowFarAway) {
    EXPECT_EQ(format_time(kNow), "2026-11-22 10:57:29 UTC");
    EXPECT_EQ(format_when(kNow + 90 * 24h, kNow), "2027-02-20 10:57:29 UTC (in 90 days)");
    EXPECT_EQ(format_day(kNow - 3h, kNow), "2026-11-22 (3 hours ago)");
}

TEST(Times, CountsInTheLargestUnitThatLosesLittle) {
    const auto distance = [](auto span) { return format_distance(kNow + span, kNow); };
    EXPECT_EQ(distance(0s), "now");
    EXPECT_EQ(distance(1s), "in 1 second");
    EXPECT_EQ(distance(-1s), "1 second ago");
    EXPECT_EQ(distance(60s), "in 1 minute");
    EXPECT_EQ(distance(90s), "in 90 seconds");
    EXPECT_EQ(distance(36h), "in 36 hours");
    EXPECT_EQ(distance(48h), "in 2 days");
    EXPECT_EQ(distance(366 * 24h), "in 366 days");
    EXPECT_EQ(distance(365 * 24h), "in 1 year");
    EXPECT_EQ(distance(3 * 365 * 24h + 5s), "in 3 years");
}

TEST(Times, ReadsADayATimeOrASpan) {
    EXPECT_EQ(to_rfc3339(parse_time_argument("2027-02-20", kNow).value()), "2027-02-20T00:00:00Z");
    EXPECT_EQ(to_rfc3339(parse_time_argument("2027-02-20T01:02:03Z", kNow).value()), "2027-02-20T01:02:03Z");
    EXPECT_EQ(parse_time_argument("30d", kNow).value(), kNow + 30 * 24h);
}

TEST(Times, RefusesWhatIsNone) {
    for (const char* text : {"", "tomorrow", "2027-02-30", "2027-2-3", "30", "2027-02-20 01:02:03", "-3d"}) {
        EXPECT_FALSE(parse_time_argument(text, kNow)) << text;
    }
}

}  // namespace
}  // namespace sealwright::cli
