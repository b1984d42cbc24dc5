#include <gtest/gtest.h>

#include "asn1/der_reader.hpp"
#include "tests/support/malformed.hpp"

namespace sealwright::asn1 {
namespace {

using test::hex;

Result<bool> boolean(std::string_view text) {
    const Bytes input = hex(text);
    return DerReader{input}.boolean();
}
Result<Bytes> integer(std::string_view text) {
    const Bytes input = hex(text);
    SEALWRIGHT_TRY(const ByteView value, DerReader{input}.integer());
    return bytes_of(value);
}
Result<std::uint64_t> small_integer(std::string_view text) {
    const Bytes input = hex(text);
    return DerReader{input}.small_integer();
}
Result<Bytes> unsigned_integer(std::string_view text) {
    const Bytes input = hex(text);
    SEALWRIGHT_TRY(const ByteView value, DerReader{input}.unsigned_integer());
    return bytes_of(value);
}
Result<std::size_t> bit_string(std::string_view text) {
    const Bytes input = hex(text);
    SEALWRIGHT_TRY(const BitString value, DerReader{input}.bit_string());
    return value.octets.size() * 8 - value.unused_bits;
}
Result<Bytes> oid(std::string_view text) {
    const Bytes input = hex(text);
    SEALWRIGHT_TRY(const ByteView value, DerReader{input}.oid());
    return bytes_of(value);
}
Result<UtcTime> time(Tag tag, std::string_view text) {
    Bytes input{tag, static_cast<std::uint8_t>(text.size())};
    append(input, view_of(text));
    return DerReader{input}.time();
}
bool is_element(const Bytes& input) {
    DerReader reader{input};
    return reader.next().has_value() && reader.finish().has_value();
}

TEST(DerReader, WalksTheElementsOfOneLevel) {
    const Bytes input = hex("30 08 02 01 05 04 03 61 62 63");
    DerReader reader{input};
    EXPECT_EQ(reader.peek(), kSequence);
    DerReader inner = reader.enter(kSequence).value();
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(reader.peek(), 0);
    EXPECT_EQ(inner.small_integer().value(), 5U);
    EXPECT_EQ(inner.offset(), 3U);
    EXPECT_FALSE(inner.finish());
    EXPECT_FALSE(inner.optional(kInteger).value().has_value());
    EXPECT_EQ(text_of(inner.optional(kOctetString).value()->content), "abc");
    EXPECT_TRUE(inner.finish());
    EXPECT_FALSE(inner.next());
    EXPECT_FALSE(inner.expect(kNull));
    EXPECT_FALSE(inner.optional(kNull).value().has_value());
}

TEST(DerReader, AFailedExpectationDoesNotMove) {
    const Bytes input = hex("02 01 05");
    DerReader reader{input};
    EXPECT_FALSE(reader.expect(kOctetString));
    EXPECT_EQ(reader.offset(), 0U);
    EXPECT_EQ(reader.small_integer().value(), 5U);
}

TEST(DerReader, AcceptsOnlyMinimalDefiniteLengths) {
    EXPECT_TRUE(is_element(hex("04 01 00")));
    EXPECT_FALSE(is_element(hex("04 81 01 00"))) << "long form for a short length";
    EXPECT_FALSE(is_element(hex("04 80 00 00"))) << "indefinite length";
    EXPECT_FALSE(is_element(hex("24 80 04 01 00 00 00"))) << "indefinite length, constructed";
    Bytes long_form = hex("04 81 80");
    long_form.resize(3 + 128);
    EXPECT_TRUE(is_element(long_form));
    Bytes padded = hex("04 82 00 80");
    padded.resize(4 + 128);
    EXPECT_FALSE(is_element(padded)) << "a leading zero in the length";
    Bytes short_of_limit = hex("04 81 7F");
    short_of_limit.resize(3 + 127);
    EXPECT_FALSE(is_element(short_of_limit)) << "127 fits the short form";
    Bytes two_octets = hex("04 82 01 00");
    two_octets.resize(4 + 256);
    EXPECT_TRUE(is_element(two_octets));
    two_octets.pop_back();
    EXPECT_FALSE(is_element(two_octets)) << "longer than the input";
}

TEST(DerReader, RefusesLengthsThatWouldOverflow) {
    EXPECT_FALSE(is_element(hex("04 84 FF FF FF FF 00")));
    EXPECT_FALSE(is_element(hex("04 85 01 00 00 00 00 00")));
    EXPECT_FALSE(is_element(hex("04 88 FF FF FF FF FF FF FF FF")));
    EXPECT_FALSE(is_element(hex("04 FF 00")));
}

TEST(DerReader, RefusesHighTagNumbersAndEndOfContents) {
    EXPECT_FALSE(is_element(hex("1F 1F 00")));
    EXPECT_FALSE(is_element(hex("BF 81 00 00")));
    EXPECT_FALSE(is_element(hex("00 00")));
    EXPECT_TRUE(is_element(hex("9E 00"))) << "30 is the highest low tag number";
}

TEST(DerReader, RefusesEveryCut) {
    test::refuses_every_cut(hex("30 08 02 01 05 04 03 61 62 63"),
                            [](ByteView input) { return the_only(input, kSequence).has_value(); });
    Bytes large = hex("04 82 01 2C");
    large.resize(4 + 300);
    test::refuses_every_cut(large, [](ByteView input) { return the_only(input, kOctetString).has_value(); });
}

TEST(DerReader, ABooleanIsAllOnesOrAllZeros) {
    EXPECT_FALSE(boolean("01 01 00").value());
    EXPECT_TRUE(boolean("01 01 FF").value());
    for (const auto* text : {"01 01 01", "01 01 FE", "01 00", "01 02 00 FF", "02 01 00"})
        EXPECT_FALSE(boolean(text).has_value()) << text;
}

TEST(DerReader, AnIntegerIsMinimal) {
    EXPECT_EQ(integer("02 01 00").value(), hex("00"));
    EXPECT_EQ(integer("02 01 FF").value(), hex("FF"));
    EXPECT_EQ(integer("02 02 00 80").value(), hex("00 80"));
    EXPECT_EQ(integer("02 02 FF 7F").value(), hex("FF 7F"));
    for (const auto* text : {"02 00", "02 02 00 7F", "02 02 FF 80", "02 03 00 00 80", "22 01 00"})
        EXPECT_FALSE(integer(text)) << text;
}

TEST(DerReader, UnsignedIntegersLoseTheirSignOctetAlone) {
    EXPECT_EQ(unsigned_integer("02 01 00").value(), hex("00"));
    EXPECT_EQ(unsigned_integer("02 02 00 80").value(), hex("80"));
    EXPECT_EQ(unsigned_integer("02 01 7F").value(), hex("7F"));
    EXPECT_FALSE(unsigned_integer("02 01 80"));
    EXPECT_FALSE(unsigned_integer("02 02 00 00"));
}

TEST(DerReader, SmallIntegersEndAtSixtyThreeBits) {
    EXPECT_EQ(small_integer("02 08 7F FF FF FF FF FF FF FF").value(), (std::uint64_t{1} << 63U) - 1);
    EXPECT_FALSE(small_integer("02 09 00 80 00 00 00 00 00 00 00"));
    EXPECT_FALSE(small_integer("02 01 FF"));
}

TEST(DerReader, ABitStringHasFewUnusedBitsAndTheyAreZero) {
    EXPECT_EQ(bit_string("03 01 00").value(), 0U);
    EXPECT_EQ(bit_string("03 02 07 80").value(), 1U);
    EXPECT_EQ(bit_string("03 02 00 FF").value(), 8U);
    EXPECT_FALSE(bit_string("03 02 07 C0")) << "an unused bit is one";
    EXPECT_FALSE(bit_string("03 02 08 00"));
    EXPECT_FALSE(bit_string("03 01 01"));
    EXPECT_FALSE(bit_string("03 00"));
    EXPECT_FALSE(bit_string("23 03 03 01 00")) << "constructed";
}

TEST(DerReader, AnObjectIdentifierHasMinimalArcs) {
    EXPECT_EQ(oid("06 03 55 1D 0F").value(), hex("55 1D 0F"));
    EXPECT_EQ(oid("06 03 55 81 00").value(), hex("55 81 00"));
    for (const auto* text : {"06 00", "06 03 55 80 01", "06 02 80 01", "06 02 55 8F"}) EXPECT_FALSE(oid(text)) << text;
}

TEST(DerReader, ANullIsEmpty) {
    const Bytes good = hex("05 00");
    EXPECT_TRUE(DerReader{good}.null());
    const Bytes bad = hex("05 01 00");
    EXPECT_FALSE(DerReader{bad}.null());
}

TEST(DerReader, ReadsTypesUnderAnImplicitTag) {
    const Bytes input = hex("80 01 05 81 01 FF 82 01 41");
    DerReader reader{input};
    EXPECT_FALSE(reader.small_integer());
    EXPECT_EQ(reader.small_integer(context(0)).value(), 5U);
    EXPECT_TRUE(reader.boolean(context(1)).value());
    EXPECT_EQ(text_of(reader.octet_string(context(2)).value()), "A");
}

TEST(DerReader, TimesHaveSecondsAndEndInZ) {
    const auto at = [](const char* text) { return from_rfc3339(text).value(); };
    EXPECT_EQ(time(kUtcTime, "261122105729Z").value(), at("2026-11-22T10:57:29Z"));
    EXPECT_EQ(time(kUtcTime, "491231235959Z").value(), at("2049-12-31T23:59:59Z"));
    EXPECT_EQ(time(kUtcTime, "500101000000Z").value(), at("1950-01-01T00:00:00Z"));
    EXPECT_EQ(time(kGeneralizedTime, "20500101000000Z").value(), at("2050-01-01T00:00:00Z"));
    EXPECT_EQ(time(kGeneralizedTime, "99991231235959Z").value(), at("9999-12-31T23:59:59Z"));
    for (const auto* text :
         {"2611221057Z", "261122105729", "261122105729+0000", "261122105729z", "261322105729Z", "260229105729Z",
          "261122245729Z", "261122105760Z", "2611221057 9Z", "261122105729.5Z", "-61122105729Z", ""}) {
        EXPECT_FALSE(time(kUtcTime, text)) << text;
    }
    for (const auto* text : {"202611221057Z", "20261122105729", "20261122105729.0Z", "20261122105729+0000",
                             "261122105729Z", "20261131105729Z"}) {
        EXPECT_FALSE(time(kGeneralizedTime, text)) << text;
    }
    EXPECT_FALSE(time(kUtcTime, "20261122105729Z"));
    EXPECT_FALSE(time(kOctetString, "261122105729Z"));
}

TEST(DerReader, NoNeighbourOfAnElementReadsBehindItsEnd) {
    const Bytes sample = hex("30 0E 02 01 05 03 02 07 80 06 03 55 1D 0F 05 00");
    test::flips_every_bit(sample, [](const Bytes& neighbour, std::size_t) {
        DerReader reader{neighbour};
        while (!reader.at_end()) {
            const auto element = reader.next();
            if (!element) break;
            EXPECT_LE(element.value().encoding.data() + element.value().encoding.size(),
                      neighbour.data() + neighbour.size());
            EXPECT_EQ(element.value().content.data() + element.value().content.size(),
                      element.value().encoding.data() + element.value().encoding.size());
        }
    });
}

}  // namespace
}  // namespace sealwright::asn1
