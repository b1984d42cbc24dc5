#include <gtest/gtest.h>

#include "base/clock.hpp"

namespace sealwright {
namespace {

using namespace std::chrono_literals;

TEST(Clock, Rfc3339GoesThereAndBack) {
    const UtcTime time = UtcTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}} + 10h + 57min + 29s;
    EXPECT_EQ(to_rfc3339(time), "2026-11-22T10:57:29Z");
    EXPECT_EQ(from_rfc3339("2026-11-22T10:57:29Z").value(), time);
    EXPECT_EQ(from_rfc3339("1970-01-01T00:00:00Z").value(), UtcTime{});
    EXPECT_EQ(to_rfc3339(from_rfc3339("9999-12-31T23:59:59Z").value()), "9999-12-31T23:59:59Z");
    EXPECT_EQ(to_rfc3339(from_rfc3339("0000-01-01T00:00:00Z").value()), "0000-01-01T00:00:00Z");
}

TEST(Clock, KnowsLeapDays) {
    EXPECT_TRUE(from_rfc3339("2024-02-29T00:00:00Z"));
    EXPECT_FALSE(from_rfc3339("2026-02-29T00:00:00Z"));
    EXPECT_TRUE(from_rfc3339("2000-02-29T00:00:00Z"));
    EXPECT_FALSE(from_rfc3339("2100-02-29T00:00:00Z"));
}

TEST(Clock, RefusesOtherFormsOfTime) {
    for (const auto* text :
         {"", "2026-11-22", "2026-11-22T10:57:29", "2026-11-22T10:57:29z", "2026-11-22t10:57:29Z",
          "2026-11-22 10:57:29Z", "2026-11-22T10:57:29.0Z", "2026-11-22T10:57:29+00:00", "2026-13-22T10:57:29Z",
          "2026-00-22T10:57:29Z", "2026-11-31T10:57:29Z", "2026-11-22T24:00:00Z", "2026-11-22T10:60:29Z",
          "2026-11-22T10:57:60Z", "2026-11-22T10:5 :29Z", "-026-11-22T10:57:29Z"}) {
        EXPECT_FALSE(from_rfc3339(text)) << text;
    }
}

TEST(Clock, ReadsDurations) {
    EXPECT_EQ(parse_duration("90s").value(), 90s);
    EXPECT_EQ(parse_duration("15m").value(), 15min);
    EXPECT_EQ(parse_duration("12h").value(), 12h);
    EXPECT_EQ(parse_duration("7d").value(), 168h);
    EXPECT_EQ(parse_duration("2w").value(), 336h);
    EXPECT_EQ(parse_duration("1y").value(), 8760h);
    EXPECT_EQ(parse_duration("100y").value(), 876000h);
}

TEST(Clock, RefusesDurationsThatAreNotOneNumberAndOneUnit) {
    for (const auto* text : {"", "s", "5", "0s", "-5s", "+5s", "1.5h", "5 m", " 5m", "5m ", "5M", "5ms", "5m30s",
                             "99999999999999999999s", "101y", "3153600001s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Clock, TheManualClockStandsStill) {
    ManualClock clock{UtcTime{100s}};
    EXPECT_EQ(clock.now(), UtcTime{100s});
    clock.advance(5s);
    EXPECT_EQ(clock.now(), UtcTime{105s});
    clock.set(UtcTime{1s});
    EXPECT_EQ(clock.now(), UtcTime{1s});
}

TEST(Clock, TheSystemClockIsInThisCentury) {
    EXPECT_GT(SystemClock{}.now(), from_rfc3339("2026-01-01T00:00:00Z").value());
    EXPECT_LT(SystemClock{}.now(), from_rfc3339("2100-01-01T00:00:00Z").value());
}

}  // namespace
}  // namespace sealwright
