// name.hpp: distinguished names (RFC 5280 4.1.2.4): built from attributes, parsed, compared by their DER, shown as RFC
// 4514.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace sealwright::x509 {

// Attribute is one AttributeTypeAndValue. type is OID content; value is UTF-8 text; tag is the string type it had or
// shall have (0 lets the builder choose: PrintableString for country, serialNumber and dnQualifier, IA5String for DC
// and emailAddress, UTF8String else).
struct Attribute {
    Bytes type;
    std::string value;
    std::uint8_t tag = 0;
    friend bool operator==(const Attribute&, const Attribute&) = default;
};

// A Name is RDNs in order, most significant first (C, O, ..., CN); each RDN is a set of attributes, nearly always one.
struct Name {
    std::vector<std::vector<Attribute>> rdns;
    bool empty() const noexcept { return rdns.empty(); }
    friend bool operator==(const Name&, const Name&) = default;
};

inline constexpr std::size_t kMaxNameSize = 8192;  // octets of DER that parse_name reads

// parse_name reads a Name strictly: known string types, valid contents for them, at most 32 RDNs of 8 attributes.
Result<Name> parse_name(ByteView der);
// encode_name builds DER. Fails with malformed for values that their string type cannot hold or that pass RFC 5280's
// upper bounds.
Result<NameDer> encode_name(const Name& name);
// format_name is RFC 4514 ("CN=Example,O=Org,C=DE", last RDN first), control characters escaped.
std::string format_name(const Name& name);
// parse_name_text reads RFC 4514 text with the short names C, ST, L, O, OU, CN, DC, UID, serialNumber, SN, GN, title,
// street, postalCode, organizationIdentifier, emailAddress or dotted OIDs.
Result<Name> parse_name_text(std::string_view text);
// attribute_short_name gives the short name of an attribute type or its dotted OID; parse_attribute_name the inverse.
std::string attribute_short_name(ByteView type);
Result<Bytes> parse_attribute_name(std::string_view name);

}  // namespace sealwright::x509
