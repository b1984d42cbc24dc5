// record_parts.hpp: the pieces that the encodings of verdict and record share.
#pragma once

#include <limits>

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"

namespace sealwright::attestation {

// write_text writes UTF8String; read_text takes visible ASCII alone, which is all that the verifier writes.
void write_text(asn1::DerWriter& writer, std::string_view text);
Result<std::string> read_text(asn1::DerReader& reader);

// read_number reads an INTEGER that is not negative and within Number.
template <class Number>
Result<Number> read_number(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const ByteView octets, reader.unsigned_integer());
    if (octets.size() > sizeof(Number)) return fail(ErrorCode::malformed, "a number that is too large");
    std::uint64_t value = 0;
    for (const std::uint8_t octet : octets) value = value << 8U | octet;
    return static_cast<Number>(value);
}

}  // namespace sealwright::attestation
