// slow_digest.hpp: a digest of what people choose and somebody could guess, so costly that guessing is.
#pragma once

#include "base/bytes.hpp"

namespace sealwright::crypto {

inline constexpr std::size_t kSlowDigestSize = 32;

// slow_digest is scrypt (RFC 7914) with N = 2^15, r = 8, p = 1: 32 MiB and about a tenth of a second. salt: at least 16
// octets, drawn for this digest alone. Where there is no memory it throws.
Bytes slow_digest(ByteView secret, ByteView salt);

}  // namespace sealwright::crypto
