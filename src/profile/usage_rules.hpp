// usage_rules.hpp: which key usages fit which algorithm, and which purpose. For profile checks and lints.
#pragma once

#include "crypto/spki.hpp"
#include "x509/extensions.hpp"

namespace sealwright::profile {

// usages_of_algorithm is every keyUsage bit that a key of this type may assert: RFC 3279 2.3.1 (RSA), RFC 5480 3 with
// RFC 8813 3 (EC), RFC 8410 5 (EdDSA).
x509::KeyUsage usages_of_algorithm(crypto::KeyType type) noexcept;

// usages_of_purpose is the bits of which at least one must be asserted for an extended purpose to be of use (RFC
// 5280 4.2.1.12); 0 for purposes that RFC 5280 does not define: then any will do.
x509::KeyUsage usages_of_purpose(ByteView purpose) noexcept;

}  // namespace sealwright::profile
