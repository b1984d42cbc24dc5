// fetched_digest.hpp: OpenSSL's digest implementations, fetched once for the life of the process. Internal to this room
// and to adapters that hand OpenSSL an EVP_MD.
#pragma once

#include <openssl/evp.h>

#include "crypto/digest.hpp"

namespace sealwright::crypto {

// fetched_digest never fails: a missing digest is an exception at its first use.
const EVP_MD* fetched_digest(DigestAlgorithm algorithm);

}  // namespace sealwright::crypto
