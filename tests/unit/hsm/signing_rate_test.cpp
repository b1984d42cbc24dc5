#include "hsm/signer_process/signing_rate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace sealwright::hsm::signer_process {
namespace {

const UtcTime kStart = from_rfc3339("2026-11-22T12:00:00Z").value();

TEST(SigningRateTest, ForgetsAfterAnHourAndNotBefore) {
    SigningRate rate;
    EXPECT_EQ(rate.last_hour(kStart), 0U);
    rate.add(kStart, 7);
    EXPECT_EQ(rate.last_hour(kStart), 7U);
    EXPECT_EQ(rate.last_hour(kStart + std::chrono::minutes{60}), 7U);
    EXPECT_EQ(rate.last_hour(kStart + std::chrono::minutes{61}), 0U);
    rate.add(kStart + std::chrono::hours{1000});
    EXPECT_EQ(rate.last_hour(kStart + std::chrono::hours{1000}), 1U);
}

// Beside a count that keeps every use.
TEST(SigningRateTest, NeverCountsLessThanTheLastHourNorMoreThanAMinuteBeyondIt) {
    std::mt19937 random{7};
    SigningRate rate;
    std::deque<UtcTime> uses;
    UtcTime now = kStart;
    for (int i = 0; i < 20000; ++i) {
        now += std::chrono::seconds{random() % (i % 100 == 0 ? 4000 : 90)};
        rate.add(now);
        uses.push_back(now);
        const auto within = [&](std::chrono::seconds age) {
            return static_cast<std::uint64_t>(
                std::count_if(uses.begin(), uses.end(), [&](UtcTime use) { return now - use < age; }));
        };
        ASSERT_GE(rate.last_hour(now), within(std::chrono::minutes{60}));
        ASSERT_LE(rate.last_hour(now), within(std::chrono::minutes{61}));
        while (now - uses.front() > std::chrono::hours{2}) uses.pop_front();
    }
}

TEST(SigningRateTest, KeepsWhatItCountedWhenTheClockIsSettled) {
    SigningRate rate;
    rate.add(kStart, 3);
    rate.add(kStart + std::chrono::minutes{10}, 4);
    const UtcTime settled = kStart - std::chrono::hours{24 * 365};
    rate.move_to(settled);
    EXPECT_EQ(rate.last_hour(settled), 7U);
    EXPECT_EQ(rate.last_hour(settled + std::chrono::minutes{51}), 4U);
    EXPECT_EQ(rate.last_hour(settled + std::chrono::minutes{61}), 0U);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
