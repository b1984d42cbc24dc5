#include "issuance/challenge_token.hpp"

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "attestation/verify.hpp"

namespace sealwright::issuance {
namespace {

constexpr std::uint64_t kVersion = 1;

}  // namespace

Bytes encode_challenge(const ChallengeToken& token) {
    asn1::DerWriter out;
    out.sequence([&] {
        out.integer(kVersion);
        out.octet_string(encode_parked(token.parked));
        out.octet_string(token.secret_digest.view());
        out.octet_string(token.nonce);
        out.integer(static_cast<std::uint64_t>(token.expires_at.time_since_epoch().count()));
    });
    return out.take();
}

Result<ChallengeToken> parse_challenge(ByteView bytes) {
    asn1::DerReader outer{bytes};
    SEALWRIGHT_TRY(auto in, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(const auto version, in.small_integer());
    if (version != kVersion) return fail(ErrorCode::malformed, "challenge of another version");
    ChallengeToken token;
    SEALWRIGHT_TRY(const auto parked, in.octet_string());
    SEALWRIGHT_TRY(token.parked, parse_parked(parked));
    SEALWRIGHT_TRY(const auto digest, in.octet_string());
    SEALWRIGHT_TRY(token.secret_digest, Sha256::from(digest));
    SEALWRIGHT_TRY(const auto nonce, in.octet_string());
    if (nonce.size() != attestation::kNonceSize) return fail(ErrorCode::malformed, "a nonce of another size");
    token.nonce = bytes_of(nonce);
    SEALWRIGHT_TRY(const auto expires_at, in.small_integer());
    token.expires_at = UtcTime{std::chrono::seconds{static_cast<std::int64_t>(expires_at)}};
    SEALWRIGHT_TRY(in.finish());
    return token;
}

}  // namespace sealwright::issuance
