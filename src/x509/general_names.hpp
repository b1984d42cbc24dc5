// general_names.hpp: GeneralNames (RFC 5280 4.2.1.6), parsed strictly and encoded.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "x509/name.hpp"

namespace sealwright::x509 {

// The texts are visible ASCII; a DnsName holds A-labels.
struct DnsName {
    std::string value;
    friend bool operator==(const DnsName&, const DnsName&) = default;
};
struct Rfc822Name {
    std::string value;
    friend bool operator==(const Rfc822Name&, const Rfc822Name&) = default;
};
struct UriName {
    std::string value;
    friend bool operator==(const UriName&, const UriName&) = default;
};
// IpAddress has 4 or 16 octets; in name constraints 8 or 32, of which the second half is the mask.
struct IpAddress {
    Bytes octets;
    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};
struct DirectoryName {
    Name name;
    friend bool operator==(const DirectoryName&, const DirectoryName&) = default;
};
struct RegisteredId {
    Bytes oid;
    friend bool operator==(const RegisteredId&, const RegisteredId&) = default;
};
// OtherName: value_der is the element inside [0].
struct OtherName {
    Bytes type;
    Bytes value_der;
    friend bool operator==(const OtherName&, const OtherName&) = default;
};

using GeneralName = std::variant<DnsName, Rfc822Name, UriName, IpAddress, DirectoryName, RegisteredId, OtherName>;
using GeneralNames = std::vector<GeneralName>;

inline constexpr std::size_t kMaxGeneralNames = 1000;

// parse_general_names reads a GeneralNames SEQUENCE with at least one name. x400Address and ediPartyName are
// unsupported.
Result<GeneralNames> parse_general_names(ByteView der);
Result<GeneralName> parse_general_name(ByteView der);
// encode_ throws std::invalid_argument for a directoryName that DER cannot hold: no parser gives one, and a builder
// checks its own with encode_name first.
Bytes encode_general_names(const GeneralNames& names);
Bytes encode_general_name(const GeneralName& name);
// format_general_name is "DNS:example.org", "IP:192.0.2.1", "URI:...", "email:...", "DirName:...", "RID:...",
// "otherName:1.2.3".
std::string format_general_name(const GeneralName& name);
// parse_general_name_text reads those same forms (DNS, IP, URI, email).
Result<GeneralName> parse_general_name_text(std::string_view text);

}  // namespace sealwright::x509
