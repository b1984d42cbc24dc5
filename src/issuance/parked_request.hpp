// parked_request.hpp: what a request that waits for approvals must remember beside its proof, as the opaque resume
// token of its row.
#pragma once

#include <chrono>
#include <optional>

#include "base/ids.hpp"
#include "policy/principal.hpp"

namespace sealwright::issuance {

struct ParkedRequest {
    policy::Principal principal;
    policy::Channel channel = policy::Channel::https;
    Sha256 profile_digest;  // approvals are for this version of the profile
    std::optional<std::chrono::seconds> validity;
};

// encode_parked is DER: SEQUENCE { version 1, channel, profile digest, validity (0: none), [n] principal }.
// parse_parked reads exactly that; malformed otherwise, since the row was tampered with or is of another version.
Bytes encode_parked(const ParkedRequest& parked);
Result<ParkedRequest> parse_parked(ByteView token);

}  // namespace sealwright::issuance
