// unordered_names.hpp: certificates of others whose names have SETs out of DER's order (X.690 11.6), which some
// manufacturers' roots have. For reading trust anchors and what stands below them; nothing that the house issues or is
// asked to issue is read so.
#pragma once

#include "x509/certificate.hpp"

namespace sealwright::x509 {

// order_name gives a Name with its SETs in the order of DER; one that is in order comes back as it was.
Result<NameDer> order_name(ByteView name);

// parse_with_unordered_names is Certificate::parse, except that issuer and subject are read as if they were in order.
// fields() has the ordered names, so that chains can be built by comparing them; der(), tbs() and fingerprint() are the
// octets as they stand, and signatures are verified over those.
Result<Certificate> parse_with_unordered_names(ByteView der);

}  // namespace sealwright::x509
