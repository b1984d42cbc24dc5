// der_writer.hpp: writes DER into one growing buffer. What it writes is canonical by construction: minimal lengths and
// integers, sorted SETs.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "asn1/der_reader.hpp"

namespace sealwright::asn1 {

class DerWriter {
public:
    // reserve makes room where the size is known to be large.
    DerWriter& reserve(std::size_t octets);

    // constructed writes tag, the length of what body writes, and that: w.constructed(kSequence, [&] { w.integer(2);
    // ... });
    template <class Body>
    DerWriter& constructed(Tag tag, Body&& body) {
        const std::size_t mark = open(tag);
        std::forward<Body>(body)();
        close(mark);
        return *this;
    }
    template <class Body>
    DerWriter& sequence(Body&& body) {
        return constructed(kSequence, std::forward<Body>(body));
    }

    DerWriter& primitive(Tag tag, ByteView content);
    DerWriter& raw(ByteView encoding);  // an element that is already DER
    DerWriter& boolean(bool value, Tag tag = kBoolean);
    // The tag is given where the type stands under an implicit one.
    DerWriter& integer(std::uint64_t value, Tag tag = kInteger);
    DerWriter& unsigned_integer(ByteView big_endian, Tag tag = kInteger);  // strips and adds leading zeros as DER wants
    DerWriter& oid(ByteView content);
    DerWriter& null();
    DerWriter& octet_string(ByteView content);
    DerWriter& bit_string(ByteView octets, unsigned unused_bits = 0);
    // named_bits writes a BIT STRING of a named bit list: trailing zero bits removed (X.690 11.2.2); bit 0 is the most
    // significant.
    DerWriter& named_bits(std::uint32_t bits_from_bit0, unsigned count);
    // time writes UTCTime through 2049 and GeneralizedTime from 2050 (RFC 5280 4.1.2.5); generalized_time always the
    // latter.
    DerWriter& time(UtcTime time);
    DerWriter& generalized_time(UtcTime time);
    // set_of writes the encodings sorted (X.690 11.6).
    DerWriter& set_of(std::vector<Bytes> encodings);

    std::size_t size() const noexcept { return out_.size(); }
    Bytes take() { return std::move(out_); }
    ByteView view() const noexcept { return out_; }

private:
    std::size_t open(Tag tag);
    void close(std::size_t mark);
    void header(Tag tag, std::size_t length);

    Bytes out_;
};

}  // namespace sealwright::asn1
