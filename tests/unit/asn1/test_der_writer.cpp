#include <gtest/gtest.h>

#include <stdexcept>

#include "asn1/der_writer.hpp"
#include "tests/support/malformed.hpp"

namespace sealwright::asn1 {
namespace {

using test::hex;

template <class Body>
Bytes written(Body body) {
    DerWriter writer;
    body(writer);
    return writer.take();
}

TEST(DerWriter, WritesMinimalLengthsAtEveryStep) {
    for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U, 65536U}) {
        const Bytes content(size, 0xAA);
        const Bytes primitive = written([&](DerWriter& w) { w.octet_string(content); });
        EXPECT_EQ(bytes_of(the_only(primitive, kOctetString).value().content), content) << size;
        const Bytes constructed = written([&](DerWriter& w) { w.constructed(kOctetString, [&] { w.raw(content); }); });
        EXPECT_EQ(constructed, primitive) << size;
    }
}

TEST(DerWriter, NestsDeeplyEnough) {
    DerWriter writer;
    std::function<void(int)> nest = [&](int depth) {
        writer.sequence([&] {
            if (depth > 0) nest(depth - 1);
        });
    };
    nest(100);
    Bytes der = writer.take();
    DerReader reader{der};
    for (int depth = 0; depth <= 100; ++depth) reader = reader.enter(kSequence).value();
    EXPECT_TRUE(reader.at_end());
}

TEST(DerWriter, WritesMinimalIntegers) {
    const auto integer = [](std::uint64_t value) { return written([&](DerWriter& w) { w.integer(value); }); };
    EXPECT_EQ(integer(0), hex("02 01 00"));
    EXPECT_EQ(integer(127), hex("02 01 7F"));
    EXPECT_EQ(integer(128), hex("02 02 00 80"));
    EXPECT_EQ(integer(256), hex("02 02 01 00"));
    EXPECT_EQ(integer(UINT64_MAX), hex("02 09 00 FF FF FF FF FF FF FF FF"));
    const auto big = [](const char* text) { return written([&](DerWriter& w) { w.unsigned_integer(hex(text)); }); };
    EXPECT_EQ(big(""), hex("02 01 00"));
    EXPECT_EQ(big("00 00"), hex("02 01 00"));
    EXPECT_EQ(big("00 00 80 01"), hex("02 03 00 80 01"));
    EXPECT_EQ(big("7F 01"), hex("02 02 7F 01"));
}

TEST(DerWriter, NamedBitsLoseTheirTrailingZeros) {
    const auto bits = [](std::uint32_t mask) { return written([&](DerWriter& w) { w.named_bits(mask, 9); }); };
    EXPECT_EQ(bits(0), hex("03 01 00"));
    EXPECT_EQ(bits(1U << 0U), hex("03 02 07 80"));
    EXPECT_EQ(bits((1U << 5U) | (1U << 6U)), hex("03 02 01 06"));
    EXPECT_EQ(bits(1U << 8U), hex("03 03 07 00 80"));
    EXPECT_EQ(bits(1U << 9U), hex("03 01 00")) << "a bit beyond the count";
}

TEST(DerWriter, SetsAreSorted) {
    const Bytes set = written([](DerWriter& w) { w.set_of({hex("02 01 05"), hex("01 01 FF"), hex("02 01 03")}); });
    EXPECT_EQ(set, hex("31 09 01 01 FF 02 01 03 02 01 05"));
}

TEST(DerWriter, TimesChangeTheirTypeIn2050) {
    const auto at = [](const char* text) { return written([&](DerWriter& w) { w.time(from_rfc3339(text).value()); }); };
    EXPECT_EQ(text_of(ByteView{at("2049-12-31T23:59:59Z")}.subspan(2)), "491231235959Z");
    EXPECT_EQ(at("2049-12-31T23:59:59Z")[0], kUtcTime);
    EXPECT_EQ(text_of(ByteView{at("2050-01-01T00:00:00Z")}.subspan(2)), "20500101000000Z");
    EXPECT_EQ(at("2050-01-01T00:00:00Z")[0], kGeneralizedTime);
    EXPECT_EQ(at("1950-01-01T00:00:00Z")[0], kUtcTime);
    EXPECT_EQ(at("1949-12-31T23:59:59Z")[0], kGeneralizedTime);
    const Bytes generalized =
        written([](DerWriter& w) { w.generalized_time(from_rfc3339("2026-11-22T10:57:29Z").value()); });
    EXPECT_EQ(text_of(ByteView{generalized}.subspan(2)), "20261122105729Z");
    DerWriter writer;
    EXPECT_THROW(writer.time(UtcTime{std::chrono::seconds{253402300800}}), std::out_of_range) << "the year 10000";
}

TEST(DerWriter, TimesComeBackAsTheyWent) {
    for (std::int64_t seconds = -631152000; seconds < 8000000000; seconds += 86399 * 97) {
        const UtcTime time{std::chrono::seconds{seconds}};
        const Bytes der = written([&](DerWriter& w) { w.time(time); });
        EXPECT_EQ(DerReader{der}.time().value(), time);
    }
}

TEST(DerWriter, BitStringsKeepUnusedBitsZero) {
    EXPECT_EQ(written([](DerWriter& w) { w.bit_string(hex("FF"), 3); }), hex("03 02 03 F8"));
    DerWriter writer;
    EXPECT_THROW(writer.bit_string(hex("FF"), 8), std::invalid_argument);
    EXPECT_THROW(writer.bit_string({}, 1), std::invalid_argument);
}

TEST(DerWriter, WritesTypesUnderAnImplicitTag) {
    EXPECT_EQ(written([](DerWriter& w) { w.integer(5, context(0)).boolean(true, context(1)).boolean(false); }),
              hex("80 01 05 81 01 FF 01 01 00"));
    EXPECT_EQ(written([](DerWriter& w) { w.null().oid(hex("55 1D 0F")); }), hex("05 00 06 03 55 1D 0F"));
}

}  // namespace
}  // namespace sealwright::asn1
