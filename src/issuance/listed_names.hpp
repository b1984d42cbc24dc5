// listed_names.hpp: a certificate's names as one line of text, for records and listings.
#pragma once

#include <string>

#include "x509/extensions.hpp"

namespace sealwright::issuance {

// listed_names is the subject as RFC 4514 text and the alternative names behind it ("CN=a DNS:a.example.org"). What
// cannot be read is left out: the caller has parsed or linted it.
std::string listed_names(ByteView subject, const x509::Extensions& extensions);

}  // namespace sealwright::issuance
