#include "issuance/ocsp_cache.hpp"

#include <gtest/gtest.h>

namespace sealwright::issuance {
namespace {

SerialNumber serial(std::uint8_t last) {
    std::array<std::uint8_t, 16> octets{};
    octets[15] = last;
    return SerialNumber{octets};
}

const UtcTime kThen{std::chrono::seconds{1000}};
const Bytes kId{1, 2, 3};

OcspAnswer answer(std::uint8_t mark) {
    return {.der = {mark},
            .cacheable = true,
            .this_update = kThen,
            .next_update = kThen + std::chrono::hours{1},
            .produced_at = kThen};
}

struct CacheTest : ::testing::Test {
    void put(std::uint8_t number, const Bytes& id = kId) {
        cache.insert(serial(number), id, answer(number), kThen + std::chrono::minutes{30}, cache.generation());
    }
    bool has(std::uint8_t number, const Bytes& id = kId) { return cache.find(serial(number), id, kThen).has_value(); }
    OcspCache cache{3};
};

TEST_F(CacheTest, FindsWhatWasPutAndNothingElse) {
    put(1);
    EXPECT_EQ(cache.find(serial(1), kId, kThen)->der, Bytes{1});
    EXPECT_FALSE(has(2));
    EXPECT_FALSE(has(1, {1, 2, 4}));
}

TEST_F(CacheTest, TheLeastRecentlyAskedForLeaves) {
    put(1);
    put(2);
    put(3);
    EXPECT_TRUE(has(1));
    put(4);
    EXPECT_FALSE(has(2));
    EXPECT_TRUE(has(1));
    EXPECT_TRUE(has(3));
    EXPECT_TRUE(has(4));
    EXPECT_EQ(cache.size(), 3U);
}

TEST_F(CacheTest, GivesNothingThatShouldBeSignedAnew) {
    put(1);
    EXPECT_TRUE(cache.find(serial(1), kId, kThen + std::chrono::minutes{30} - std::chrono::seconds{1}));
    EXPECT_FALSE(cache.find(serial(1), kId, kThen + std::chrono::minutes{30}));
    EXPECT_FALSE(cache.find(serial(1), kId, kThen - std::chrono::seconds{1}));
}

TEST_F(CacheTest, ForgetsAllAnswersAboutACertificate) {
    put(1);
    put(1, {9});
    put(2);
    EXPECT_EQ(cache.size(), 3U);
    cache.forget({serial(1)});
    EXPECT_FALSE(has(1));
    EXPECT_FALSE(has(1, {9}));
    EXPECT_TRUE(has(2));
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(CacheTest, TakesNoAnswerThatWasMadeBeforeAChange) {
    const auto before = cache.generation();
    cache.forget({serial(1)});
    cache.insert(serial(1), kId, answer(1), kThen + std::chrono::minutes{30}, before);
    EXPECT_FALSE(has(1));
    put(1);
    EXPECT_TRUE(has(1));
    const auto now = cache.generation();
    cache.clear();
    cache.insert(serial(1), kId, answer(1), kThen + std::chrono::minutes{30}, now);
    EXPECT_FALSE(has(1));
    EXPECT_EQ(cache.size(), 0U);
}

TEST_F(CacheTest, ANewAnswerTakesThePlaceOfTheOld) {
    put(1);
    cache.insert(serial(1), kId, answer(7), kThen + std::chrono::minutes{30}, cache.generation());
    EXPECT_EQ(cache.find(serial(1), kId, kThen)->der, Bytes{7});
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(CacheTest, OneCertificateCannotFillIt) {
    OcspCache wide{100};
    for (std::uint8_t i = 0; i < 50; ++i)
        wide.insert(serial(1), Bytes{i}, answer(i), kThen + std::chrono::minutes{30}, wide.generation());
    EXPECT_EQ(wide.size(), 8U);
    EXPECT_TRUE(wide.find(serial(1), Bytes{49}, kThen));
    EXPECT_FALSE(wide.find(serial(1), Bytes{0}, kThen));
}

TEST_F(CacheTest, OneWithoutRoomKeepsNothing) {
    OcspCache none{0};
    none.insert(serial(1), kId, answer(1), kThen + std::chrono::minutes{30}, none.generation());
    EXPECT_EQ(none.size(), 0U);
}

}  // namespace
}  // namespace sealwright::issuance
