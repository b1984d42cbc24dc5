#include "asn1/der_writer.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace sealwright::asn1 {
namespace {

// Length is a length in the fewest octets (X.690 10.1).
struct Length {
    std::array<std::uint8_t, 9> octets{};
    std::size_t size = 0;
};

Length encode_length(std::size_t length) noexcept {
    Length out;
    if (length < 0x80) {
        out.octets[0] = static_cast<std::uint8_t>(length);
        out.size = 1;
        return out;
    }
    std::size_t count = 0;
    for (std::size_t rest = length; rest != 0; rest >>= 8U) ++count;
    out.octets[0] = static_cast<std::uint8_t>(0x80U | count);
    for (std::size_t i = 0; i < count; ++i) {
        out.octets[1 + i] = static_cast<std::uint8_t>((length >> (8U * (count - 1 - i))) & 0xFFU);
    }
    out.size = 1 + count;
    return out;
}

void two_digits(Bytes& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>('0' + value / 10 % 10));
    out.push_back(static_cast<std::uint8_t>('0' + value % 10));
}

Bytes time_text(UtcTime time, bool generalized) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) throw std::out_of_range{"a time outside of the years 0 to 9999 has no DER form"};
    Bytes out;
    out.reserve(15);
    if (generalized) two_digits(out, static_cast<unsigned>(year) / 100);
    two_digits(out, static_cast<unsigned>(year) % 100);
    two_digits(out, static_cast<unsigned>(date.month()));
    two_digits(out, static_cast<unsigned>(date.day()));
    two_digits(out, static_cast<unsigned>(clock.hours().count()));
    two_digits(out, static_cast<unsigned>(clock.minutes().count()));
    two_digits(out, static_cast<unsigned>(clock.seconds().count()));
    out.push_back('Z');
    return out;
}

}  // namespace

std::size_t DerWriter::open(Tag tag) {
    out_.push_back(tag);
    out_.push_back(0);
    return out_.size();
}

void DerWriter::close(std::size_t mark) {
    const Length length = encode_length(out_.size() - mark);
    // One octet was kept free; a long form moves the content up by the rest.
    if (length.size > 1) out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(mark), length.size - 1, 0);
    std::copy_n(length.octets.begin(), length.size, out_.begin() + static_cast<std::ptrdiff_t>(mark) - 1);
}

void DerWriter::header(Tag tag, std::size_t length) {
    const Length encoded = encode_length(length);
    out_.push_back(tag);
    append(out_, ByteView{encoded.octets}.first(encoded.size));
}

DerWriter& DerWriter::reserve(std::size_t octets) {
    out_.reserve(octets);
    return *this;
}

DerWriter& DerWriter::primitive(Tag tag, ByteView content) {
    header(tag, content.size());
    append(out_, content);
    return *this;
}

DerWriter& DerWriter::raw(ByteView encoding) {
    append(out_, encoding);
    return *this;
}

DerWriter& DerWriter::boolean(bool value, Tag tag) {
    const std::uint8_t octet = value ? 0xFF : 0x00;
    return primitive(tag, {&octet, 1});
}

DerWriter& DerWriter::integer(std::uint64_t value, Tag tag) {
    std::array<std::uint8_t, 8> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) {
        octets[i] = static_cast<std::uint8_t>((value >> (8U * (7 - i))) & 0xFFU);
    }
    return unsigned_integer(octets, tag);
}

DerWriter& DerWriter::unsigned_integer(ByteView big_endian, Tag tag) {
    while (big_endian.size() > 1 && big_endian[0] == 0) big_endian = big_endian.subspan(1);
    const bool empty = big_endian.empty();
    const bool padded = empty || (big_endian[0] & 0x80U) != 0;
    header(tag, big_endian.size() + (padded ? 1 : 0));
    if (padded) out_.push_back(0);
    append(out_, big_endian);
    return *this;
}

DerWriter& DerWriter::oid(ByteView content) { return primitive(kOid, content); }

DerWriter& DerWriter::null() { return primitive(kNull, {}); }

DerWriter& DerWriter::octet_string(ByteView content) { return primitive(kOctetString, content); }

DerWriter& DerWriter::bit_string(ByteView octets, unsigned unused_bits) {
    if (unused_bits > 7 || (octets.empty() && unused_bits != 0)) throw std::invalid_argument{"too many unused bits"};
    header(kBitString, octets.size() + 1);
    out_.push_back(static_cast<std::uint8_t>(unused_bits));
    append(out_, octets);
    // X.690 11.2.1: unused bits are zero.
    if (unused_bits != 0) out_.back() = static_cast<std::uint8_t>(out_.back() & (0xFFU << unused_bits));
    return *this;
}

DerWriter& DerWriter::named_bits(std::uint32_t bits_from_bit0, unsigned count) {
    if (count > 32) throw std::invalid_argument{"too many named bits"};
    unsigned used = 0;
    Bytes octets(4, 0);
    for (unsigned bit = 0; bit < count; ++bit) {
        if (((bits_from_bit0 >> bit) & 1U) == 0) continue;
        octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] | (0x80U >> (bit % 8)));
        used = bit + 1;
    }
    octets.resize((used + 7) / 8);
    return bit_string(octets, (8 - used % 8) % 8);
}

DerWriter& DerWriter::time(UtcTime time) {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
    const int year = static_cast<int>(date.year());
    // RFC 5280 4.1.2.5: UTCTime through 2049; before 1950 a two-digit year would be read as 20YY.
    if (year < 1950 || year > 2049) return generalized_time(time);
    return primitive(kUtcTime, time_text(time, false));
}

DerWriter& DerWriter::generalized_time(UtcTime time) { return primitive(kGeneralizedTime, time_text(time, true)); }

DerWriter& DerWriter::set_of(std::vector<Bytes> encodings) {
    // X.690 11.6: compared as octet strings, the shorter padded with zeros. No encoding is a prefix of another, so that
    // lexicographic order is the same.
    std::sort(encodings.begin(), encodings.end(), [](const Bytes& a, const Bytes& b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
    });
    return constructed(kSet, [&] {
        for (const Bytes& encoding : encodings) raw(encoding);
    });
}

}  // namespace sealwright::asn1
