// key_derivation.hpp: HMAC, and the two key derivation functions of TPM 2.0 (Part 1, 11.4.10), whose results stay
// secret.
#pragma once

#include <string_view>

#include "base/secret.hpp"
#include "crypto/digest.hpp"

namespace sealwright::crypto {

// hmac is RFC 2104; it throws only where memory or OpenSSL fails.
Bytes hmac(DigestAlgorithm algorithm, ByteView key, ByteView message);

// KdfaInputs: label is given without its terminating zero, which KDFa writes itself.
struct KdfaInputs {
    ByteView key;
    std::string_view label;
    ByteView context_u = {}, context_v = {};
    unsigned bits = 0;
};
// kdfa is SP 800-108 in counter mode with HMAC: HMAC(key, counter || label || 00 || contextU || contextV || bits). Bits
// that are no multiple of eight leave the superfluous leading bits zero.
Secret kdfa(DigestAlgorithm algorithm, const KdfaInputs& inputs);

// KdfeInputs: z is the x coordinate of the shared point, padded to the curve's size; party_u and party_v likewise.
struct KdfeInputs {
    ByteView z;
    std::string_view use;
    ByteView party_u = {}, party_v = {};
    unsigned bits = 0;
};
// kdfe is SP 800-56A's one-step derivation: H(counter || z || use || 00 || partyU || partyV).
Secret kdfe(DigestAlgorithm algorithm, const KdfeInputs& inputs);

}  // namespace sealwright::crypto
