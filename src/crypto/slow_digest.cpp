#include "crypto/slow_digest.hpp"

#include <openssl/evp.h>

#include "crypto/openssl_error.hpp"

namespace sealwright::crypto {
namespace {

constexpr std::uint64_t kCost = 1U << 15U, kBlock = 8, kLanes = 1;
constexpr std::uint64_t kMemory = 64U << 20U;  // a bound, above what these need

}  // namespace

Bytes slow_digest(ByteView secret, ByteView salt) {
    Bytes digest(kSlowDigestSize);
    const char* octets = reinterpret_cast<const char*>(secret.data());
    require_openssl(EVP_PBE_scrypt(octets, secret.size(), salt.data(), salt.size(), kCost, kBlock, kLanes, kMemory,
                                   digest.data(), digest.size()) == 1,
                    "scrypt");
    return digest;
}

}  // namespace sealwright::crypto
