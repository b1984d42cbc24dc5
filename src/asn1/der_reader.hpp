// der_reader.hpp: a strict cursor over DER (X.690 section 10). No allocation, no recursion, no tolerance: BER forms are
// refused.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace sealwright::asn1 {

// Tag is the identifier octet. High tag numbers (31 and above) are refused by the reader: nothing that we read uses
// them.
using Tag = std::uint8_t;
inline constexpr Tag kBoolean = 0x01, kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04, kNull = 0x05,
                     kOid = 0x06, kEnumerated = 0x0A, kUtf8String = 0x0C, kNumericString = 0x12,
                     kPrintableString = 0x13, kTeletexString = 0x14, kIa5String = 0x16, kUtcTime = 0x17,
                     kGeneralizedTime = 0x18, kVisibleString = 0x1A, kUniversalString = 0x1C, kBmpString = 0x1E,
                     kSequence = 0x30, kSet = 0x31;
constexpr Tag context(unsigned number) { return static_cast<Tag>(0x80U | number); }  // [n] IMPLICIT primitive
constexpr Tag context_constructed(unsigned number) {
    return static_cast<Tag>(0xA0U | number);
}  // [n] EXPLICIT or constructed

// Element is one TLV: encoding is the whole of it, content what is inside. Views into the input, which must outlive it.
struct Element {
    Tag tag = 0;
    ByteView encoding;
    ByteView content;
};

// BitString is a BIT STRING whose unused bits were checked to be fewer than eight and zero (X.690 11.2.1).
struct BitString {
    ByteView octets;
    unsigned unused_bits = 0;
};

// DerReader walks the elements of one level. Failures are malformed; the private detail names the offset. Copyable,
// cheap.
class DerReader {
public:
    explicit DerReader(ByteView input) noexcept : begin_(input.data()), rest_(input) {}

    bool at_end() const noexcept { return rest_.empty(); }
    std::size_t offset() const noexcept { return static_cast<std::size_t>(rest_.data() - begin_); }
    // peek is the next tag, or 0 at the end (0 is no tag that we accept).
    Tag peek() const noexcept { return rest_.empty() ? Tag{0} : rest_[0]; }

    // next reads any element: definite, minimal length within the input; low tag number.
    Result<Element> next();
    // expect reads an element that must have this tag.
    Result<Element> expect(Tag tag);
    // optional reads the element if it has this tag; nullopt and no movement otherwise.
    Result<std::optional<Element>> optional(Tag tag);
    // enter reads a constructed element and gives a reader of its content.
    Result<DerReader> enter(Tag tag);
    // finish fails unless everything was read.
    Result<void> finish() const;

    // The tag is given where the type stands under an implicit one: integer(context(1)).
    Result<bool> boolean(Tag tag = kBoolean);                 // 0x00 or 0xFF only
    Result<ByteView> integer(Tag tag = kInteger);             // minimal two's complement, as encoded
    Result<ByteView> unsigned_integer(Tag tag = kInteger);    // not negative; without its leading zero octet
    Result<std::uint64_t> small_integer(Tag tag = kInteger);  // 0 .. 2^63-1
    Result<BitString> bit_string(Tag tag = kBitString);
    Result<ByteView> octet_string(Tag tag = kOctetString);
    Result<ByteView> oid(Tag tag = kOid);  // content octets; minimal arcs
    Result<void> null(Tag tag = kNull);
    Result<UtcTime>
    time();  // UTCTime or GeneralizedTime in the DER profile of RFC 5280 4.1.2.5 (Z, seconds, no fraction)

private:
    const std::uint8_t* begin_;
    ByteView rest_;
};

// the_only reads input as exactly one element with this tag, nothing behind it.
Result<Element> the_only(ByteView input, Tag tag);

// parse_time reads the content of a time element with this tag (kUtcTime or kGeneralizedTime).
Result<UtcTime> parse_time(const Element& element);

}  // namespace sealwright::asn1
