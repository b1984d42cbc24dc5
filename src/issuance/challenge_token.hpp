// challenge_token.hpp: what a request that was challenged must remember until its answer comes, as the opaque resume
// token of its row. The opening stands in the row's proof, as an attestation record without an answer.
#pragma once

#include "base/clock.hpp"
#include "issuance/parked_request.hpp"

namespace sealwright::issuance {

struct ChallengeToken {
    ParkedRequest parked;  // who asked, and for which version of the profile
    Sha256 secret_digest;  // of the credential's secret, which is not kept itself
    Bytes nonce;
    UtcTime expires_at{};
};

// encode_challenge is DER: SEQUENCE { version 1, parked OCTET STRING, secretDigest, nonce, expiresAt }. parse_challenge
// reads exactly that; malformed else.
Bytes encode_challenge(const ChallengeToken& token);
Result<ChallengeToken> parse_challenge(ByteView token);

}  // namespace sealwright::issuance
