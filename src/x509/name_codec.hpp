// name_codec.hpp: Name to DER without judging its lengths, for names that came from outside and go out as they are.
// Internal to this room.
#pragma once

#include "x509/name.hpp"

namespace sealwright::x509 {

// encode_name_as_is is encode_name without RFC 5280's upper bounds: it is the inverse of parse_name.
Result<Bytes> encode_name_as_is(const Name& name);

// check_upper_bound judges the length of one attribute's value, in characters, against RFC 5280 appendix A.
Result<void> check_upper_bound(const Attribute& attribute);

// default_string_tag is the string type that the builder chooses for an attribute type (name.hpp).
std::uint8_t default_string_tag(ByteView type) noexcept;

}  // namespace sealwright::x509
