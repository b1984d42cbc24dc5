// general_name_codec.hpp: GeneralName element by element, as names and as the subtrees of name constraints. Internal to
// this room.
#pragma once

#include "asn1/der_writer.hpp"
#include "x509/general_names.hpp"

namespace sealwright::x509 {

// In name constraints an iPAddress carries a mask and a dNSName, rfc822Name or URI may be a suffix or empty (RFC
// 5280 4.2.1.10).
enum class GeneralNameUse { name, constraint };

Result<GeneralName> read_general_name(asn1::DerReader& reader, GeneralNameUse use);

// read_general_names reads the content of a GeneralNames SEQUENCE to its end: at least one name, at most
// kMaxGeneralNames.
Result<GeneralNames> read_general_names(asn1::DerReader reader);

// write_general_name throws std::invalid_argument for a directoryName that no DER can hold: such a Name comes from no
// parser.
void write_general_name(asn1::DerWriter& writer, const GeneralName& name);

}  // namespace sealwright::x509
