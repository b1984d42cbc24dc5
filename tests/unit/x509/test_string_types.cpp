#include <gtest/gtest.h>

#include "tests/support/malformed.hpp"
#include "x509/string_types.hpp"

namespace sealwright::x509 {
namespace {

using namespace asn1;
using sealwright::test::hex;

bool decodes(Tag tag, std::string_view octets) { return decode_string(tag, hex(octets)).has_value(); }

TEST(StringTypes, DecodeToUtf8AndBack) {
    const struct {
        Tag tag;
        const char* octets;
        std::string_view text;
    } cases[] = {
        {kUtf8String, "4D C3BC 6C", "M\xc3\xbcl"},
        {kPrintableString, "41 20 2D 3F", "A -?"},
        {kIa5String, "61 40 62", "a@b"},
        {kVisibleString, "7E 21", "~!"},
        {kNumericString, "31 20 32", "1 2"},
        {kTeletexString, "4D FC 6C", "M\xc3\xbcl"},
        {kBmpString, "00 4D 00 FC 20 AC", "M\xc3\xbc\xe2\x82\xac"},
        {kUniversalString, "00 00 00 4D 00 01 F6 00", "M\xf0\x9f\x98\x80"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(decode_string(c.tag, hex(c.octets)).value(), c.text) << int{c.tag};
        EXPECT_EQ(encode_string(c.tag, c.text).value(), hex(c.octets)) << int{c.tag};
    }
}

TEST(StringTypes, Utf8IsThatOfRfc3629) {
    EXPECT_TRUE(decodes(kUtf8String, "C2 80"));
    EXPECT_TRUE(decodes(kUtf8String, "E0 A0 80"));
    EXPECT_TRUE(decodes(kUtf8String, "ED 9F BF"));
    EXPECT_TRUE(decodes(kUtf8String, "F0 90 80 80"));
    EXPECT_TRUE(decodes(kUtf8String, "F4 8F BF BF"));
    for (const auto* octets : {"C1 BF", "C0 80", "E0 9F BF", "ED A0 80", "ED BF BF", "F0 8F BF BF", "F4 90 80 80",
                               "F5 80 80 80", "80", "BF", "C2", "C2 41", "E2 82", "F0 9F 98", "FE", "FF", "41 C2"}) {
        EXPECT_FALSE(decodes(kUtf8String, octets)) << octets;
        EXPECT_FALSE(count_characters(text_of(hex(octets)))) << octets;
        EXPECT_FALSE(encode_string(kUtf8String, text_of(hex(octets)))) << octets;
    }
}

TEST(StringTypes, NoTypeHoldsANul) {
    for (const Tag tag : {kUtf8String, kPrintableString, kIa5String, kVisibleString, kNumericString, kTeletexString})
        EXPECT_FALSE(decodes(tag, "31 00 31")) << int{tag};
    EXPECT_FALSE(decodes(kBmpString, "00 31 00 00"));
    EXPECT_FALSE(decodes(kUniversalString, "00 00 00 00"));
    EXPECT_FALSE(encode_string(kUtf8String, std::string_view{"a\0b", 3}));
}

TEST(StringTypes, EachTypeKeepsToItsAlphabet) {
    for (const char c : std::string_view{"@&*_!\"#$%;<>[]\\^`{|}~"}) {
        const Bytes octet{static_cast<std::uint8_t>(c)};
        EXPECT_FALSE(decode_string(kPrintableString, octet)) << c;
        EXPECT_TRUE(decode_string(kIa5String, octet)) << c;
    }
    for (const char c : std::string_view{" '()+,-./:=?AZaz09"})
        EXPECT_TRUE(decode_string(kPrintableString, Bytes{static_cast<std::uint8_t>(c)})) << c;
    EXPECT_FALSE(decodes(kIa5String, "80"));
    EXPECT_FALSE(decodes(kVisibleString, "1F"));
    EXPECT_FALSE(decodes(kVisibleString, "7F"));
    EXPECT_FALSE(decodes(kNumericString, "41"));
    EXPECT_FALSE(decodes(kPrintableString, "C3 BC"));
    EXPECT_FALSE(encode_string(kPrintableString, "M\xc3\xbcl"));
    EXPECT_FALSE(encode_string(kTeletexString, "\xe2\x82\xac"));
    EXPECT_FALSE(encode_string(kBmpString, "\xf0\x9f\x98\x80"));
}

TEST(StringTypes, WideTypesHoldWholeScalarValues) {
    EXPECT_FALSE(decodes(kBmpString, "00"));
    EXPECT_FALSE(decodes(kBmpString, "D8 00 DC 00")) << "a surrogate pair is UTF-16, not UCS-2";
    EXPECT_TRUE(decodes(kBmpString, "D7 FF E0 00"));
    EXPECT_FALSE(decodes(kUniversalString, "00 00 00"));
    EXPECT_FALSE(decodes(kUniversalString, "00 11 00 00"));
    EXPECT_TRUE(decodes(kUniversalString, "00 10 FF FF"));
    EXPECT_FALSE(decodes(kUniversalString, "00 00 D8 00"));
}

TEST(StringTypes, OtherTagsAreUnsupported) {
    for (const Tag tag : {kInteger, kOctetString, kSequence, kBitString, Tag{0x15}, Tag{0x1B}}) {
        EXPECT_EQ(decode_string(tag, hex("41")).error().code(), ErrorCode::unsupported);
        EXPECT_EQ(encode_string(tag, "A").error().code(), ErrorCode::unsupported);
    }
}

TEST(StringTypes, CountsCharactersNotOctets) {
    EXPECT_EQ(count_characters(""), 0U);
    EXPECT_EQ(count_characters("M\xc3\xbcl\xf0\x9f\x98\x80"), 4U);
    EXPECT_TRUE(is_visible_ascii("a@b.c"));
    EXPECT_FALSE(is_visible_ascii("a b"));
    EXPECT_FALSE(is_visible_ascii("\x7f"));
    EXPECT_FALSE(is_visible_ascii("\xc3\xbc"));
}

}  // namespace
}  // namespace sealwright::x509
