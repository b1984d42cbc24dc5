// listed_names.hpp: a certificate's names as one line of text, for records and listings.
#pragma once

#include <string>

#include "base/ids.hpp"
#include "x509/extensions.hpp"

namespace sealwright::issuance {

// listed_names is the subject as RFC 4514 text and the alternative names behind it ("CN=a DNS:a.example.org"). What
// cannot be read is left out: the caller has parsed or linted it.
std::string listed_names(ByteView subject, const x509::Extensions& extensions);

// identity_digest is SHA-256 over the subject's DER and the alternative names in the order of their encodings: two
// certificates have it in common if and only if they name the same, in whatever order their names were asked for.
Sha256 identity_digest(ByteView subject, const x509::Extensions& extensions);

}  // namespace sealwright::issuance
