// string_types.hpp: the ASN.1 string types that names and attributes use, to UTF-8 and back. Internal to this room.
#pragma once

#include <optional>
#include <string>

#include "asn1/der_reader.hpp"

namespace sealwright::x509 {

// decode_string reads the content of a string element as UTF-8. It fails for a tag that is no string type (unsupported)
// and for content that the type forbids, U+0000 in any type among it (malformed). TeletexString is read as ISO 8859-1,
// as everybody writes it.
Result<std::string> decode_string(asn1::Tag tag, ByteView content);

// encode_string is the inverse; malformed where the type cannot hold the text.
Result<Bytes> encode_string(asn1::Tag tag, std::string_view utf8);

// count_characters counts the characters of UTF-8 text; nullopt if it is none (RFC 3629: no overlong form, no
// surrogate).
std::optional<std::size_t> count_characters(std::string_view utf8);

// is_visible_ascii says whether text is nothing but 0x21 to 0x7E: what an IA5String in a GeneralName may hold.
bool is_visible_ascii(std::string_view text) noexcept;

}  // namespace sealwright::x509
