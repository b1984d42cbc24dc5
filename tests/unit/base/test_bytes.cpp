#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace sealwright {
namespace {

TEST(Bytes, HexIsLowerCaseAndReadsEitherCase) {
    EXPECT_EQ(to_hex(Bytes{0x00, 0xAB, 0xFF}), "00abff");
    EXPECT_EQ(from_hex("00aBFf").value(), (Bytes{0x00, 0xAB, 0xFF}));
    EXPECT_EQ(from_hex("").value(), Bytes{});
}

TEST(Bytes, RefusesHexWithAnythingElse) {
    for (const auto* text : {"0", "abc", "0g", "0x00", " 00", "00 ", "00:11", "\xc3\xa4"}) {
        EXPECT_EQ(from_hex(text).error().code(), ErrorCode::malformed) << text;
    }
}

// RFC 4648 section 10.
TEST(Bytes, Base64MeetsTheVectorsOfRfc4648) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [text, encoded] : vectors) {
        EXPECT_EQ(to_base64(view_of(text)), encoded);
        EXPECT_EQ(text_of(from_base64(encoded).value()), text);
    }
    EXPECT_EQ(to_base64(Bytes{0xFB, 0xFF}), "+/8=");
    EXPECT_EQ(to_base64url(Bytes{0xFB, 0xFF}), "-_8");
    EXPECT_EQ(from_base64url("-_8").value(), (Bytes{0xFB, 0xFF}));
}

TEST(Bytes, EveryOctetSurvivesBase64) {
    Bytes all;
    for (unsigned i = 0; i < 256; ++i) {
        all.push_back(static_cast<std::uint8_t>(i));
        EXPECT_EQ(from_base64(to_base64(all)).value(), all);
        EXPECT_EQ(from_base64url(to_base64url(all)).value(), all);
    }
}

TEST(Bytes, RefusesBase64ThatIsNotCanonical) {
    EXPECT_TRUE(from_base64("Zg=="));
    EXPECT_FALSE(from_base64("Zh=="));  // one trailing bit is set
    EXPECT_TRUE(from_base64("Zm8="));
    EXPECT_FALSE(from_base64("Zm9="));
    for (const auto* text :
         {"Zg", "Zg=", "Z===", "====", "=", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm9v=", "Zm 9", "Zm-_", "Zg==="}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
    for (const auto* text : {"Zg==", "Zh", "Z", "+/8", "Zm9v "}) EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Bytes, ConstantTimeComparisonAgreesWithThePlainOne) {
    const Bytes a{1, 2, 3};
    EXPECT_TRUE(equal_constant_time(a, Bytes{1, 2, 3}));
    EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2, 2}));
    EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2}));
    EXPECT_FALSE(equal_constant_time(a, Bytes{0x81, 2, 3}));
    EXPECT_TRUE(equal_constant_time({}, {}));
    EXPECT_TRUE(equal(a, Bytes{1, 2, 3}));
    EXPECT_FALSE(equal(a, Bytes{1, 2, 3, 0}));
}

}  // namespace
}  // namespace sealwright
