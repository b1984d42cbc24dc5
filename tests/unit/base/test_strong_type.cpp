#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

#include "base/ids.hpp"

namespace sealwright {
namespace {

static_assert(!std::is_convertible_v<KeyId, Sha256> && !std::is_constructible_v<IntentId, RequestId>);

TEST(FixedBytes, TakesExactlyItsSize) {
    EXPECT_TRUE(SerialNumber::from(Bytes(16, 1)));
    EXPECT_FALSE(SerialNumber::from(Bytes(15, 1)));
    EXPECT_FALSE(SerialNumber::from(Bytes(17, 1)));
    EXPECT_FALSE(SerialNumber::from(Bytes{}));
}

TEST(FixedBytes, IsShownAndReadAsHex) {
    const std::string text = "000102030405060708090a0b0c0d0e0f";
    EXPECT_EQ(IntentId::from_hex_text(text).value().hex(), text);
    EXPECT_FALSE(IntentId::from_hex_text(text + "00"));
    EXPECT_FALSE(IntentId::from_hex_text("zz0102030405060708090a0b0c0d0e0f"));
}

TEST(FixedBytes, ComparesAndHashesByItsOctets) {
    const auto one = NodeId::from(Bytes(16, 1)).value();
    const auto two = NodeId::from(Bytes(16, 2)).value();
    EXPECT_LT(one, two);
    EXPECT_NE(one, two);
    EXPECT_EQ((std::unordered_set<NodeId>{one, two, one}).size(), 2U);
    EXPECT_LT(BootEpoch{1}, BootEpoch{2});
}

}  // namespace
}  // namespace sealwright
