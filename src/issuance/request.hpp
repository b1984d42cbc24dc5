// request.hpp: an enrolment request as every protocol makes it, and its persisted states.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "attestation/verify.hpp"
#include "policy/principal.hpp"
#include "profile/template_engine.hpp"

namespace sealwright::issuance {

// Proofs of possession.
struct CsrProof {
    x509::CertificateRequest csr;
};
// TpmOpening is the first round of an attestation: it proves nothing yet.
struct TpmOpening {
    attestation::Opening opening;
};
// TpmProof is what both rounds brought: the CSR proves possession, the rest that the key is in the TPM.
struct TpmProof {
    x509::CertificateRequest csr;
    attestation::Opening opening;
    attestation::Answer answer;
    Sha256 secret_digest;  // of the challenge's credential
    Bytes nonce;
};
using Proof = std::variant<CsrProof, TpmOpening, TpmProof>;
// csr_of is null for an opening.
const x509::CertificateRequest* csr_of(const Proof& proof) noexcept;
std::string_view proof_kind(const Proof& proof) noexcept;  // "csr", "tpm-opening", "tpm"

struct EnrollmentRequest {
    policy::Principal principal;
    policy::Channel channel = policy::Channel::https;
    std::string peer;     // address or "local", for the records
    std::string profile;  // name
    profile::RequestedContent requested;
    Proof proof;
    // For a renewal under mTLS: what is being renewed is in the principal.
};

// RequestState is persisted by name. A request that one call carries through is first stored as intended or refused,
// with its received time: nothing was acknowledged before that. challenged and awaiting_approval are stored because
// another call will go on.
enum class RequestState : std::uint8_t {
    received = 1,
    challenged,
    awaiting_approval,
    intended,
    issued,
    refused,
    indeterminate
};
std::string_view request_state_name(RequestState state) noexcept;
Result<RequestState> parse_request_state(std::string_view name);

// is_waiting: somebody else must go on with it (its requester, an officer).
bool is_waiting(RequestState state) noexcept;

// may_follow is the state machine: which state may come after which.
bool may_follow(RequestState from, RequestState to) noexcept;

}  // namespace sealwright::issuance
