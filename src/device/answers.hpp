// answers.hpp: what the server says, read strictly and within bounds (docs/protocols/native.md). The server is the
// site's own, but who speaks for it is only known once TLS has held, and a device has nobody to ask.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace sealwright::device {

inline constexpr std::size_t kMaxAnswer = 262144;   // octets of one
inline constexpr std::size_t kMaxFindings = 64;     // of one refusal; more are dropped
inline constexpr std::size_t kMaxStructure = 4096;  // octets of a TPM structure
inline constexpr std::size_t kNonceSize = 32;

// Challenge is the answer to the first round.
struct Challenge {
    std::string request;  // 32 hexadecimal digits
    Bytes credential_blob, encrypted_secret;
    Bytes nonce;
    UtcTime expires_at{};
    friend bool operator==(const Challenge&, const Challenge&) = default;
};
Result<Challenge> parse_challenge(std::string_view body);

// Waiting is a 202: approvals are missing.
struct Waiting {
    std::string request;
    std::uint64_t approvals_needed = 0;
};
// parse_waiting fails with conflict where the request is in another state than that.
Result<Waiting> parse_waiting(std::string_view body);

// Finding is one reason for which an attestation was refused.
struct Finding {
    std::string check, outcome, clause, text;
};

// End is how a request ended without a certificate.
enum class End { refused, indeterminate };

// Problem is a refusal (RFC 9457).
struct Problem {
    ErrorCode code = ErrorCode::internal;
    std::string detail;
    std::string request;     // as the operator will find it; empty where there is none
    std::optional<End> end;  // of a request that was asked for: nothing comes of it any more, whatever the code says
    std::vector<Finding> findings;
};
// parse_problem never fails: where the body is no problem document the status has to do.
Problem parse_problem(unsigned status, std::string_view body);

}  // namespace sealwright::device
