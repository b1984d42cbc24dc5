// limits.hpp: the sizes that records may have. What is larger is refused when it is written; what is larger when it is
// read is damaged.
#pragma once

#include <cstddef>
#include <limits>

#include "base/bytes.hpp"

namespace sealwright::store::sqlite {

inline constexpr std::size_t kMaxShortText = 4096;   // principal, channel, peer, profile, officer, ...
inline constexpr std::size_t kMaxLongText = 65536;   // names, reason
inline constexpr std::size_t kMaxProof = 1U << 20U;  // 1 MiB
inline constexpr std::size_t kMaxAttestation = 262144;
inline constexpr std::size_t kMaxResumeToken = 65536;
inline constexpr std::size_t kMaxTbs = 131072;
inline constexpr std::size_t kMaxCertificate = 135168;  // a TBS and its signature
inline constexpr std::size_t kMaxCrl = 256U << 20U;     // 256 MiB
inline constexpr std::size_t kMaxListed = 1001;         // rows at once: a page of 1000, and one that tells of the next
// What a boot or a CRL number may be set to: no signer takes more than 2^62, and the daemon takes the next one.
inline constexpr std::uint64_t kMaxRaised = (std::uint64_t{1} << 62U) - 1;
inline constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();

// check_size refuses what could not be read back.
inline Result<void> check_size(std::string_view what, std::size_t size, std::size_t limit) {
    if (size <= limit) return success();
    return fail(ErrorCode::too_large, std::string{what} + " is larger than " + std::to_string(limit) + " octets");
}

}  // namespace sealwright::store::sqlite
