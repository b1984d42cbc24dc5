// attestation_rule.hpp: what a profile asks of a device's TPM, and how the certificate says which level was reached.
#pragma once

#include <chrono>
#include <map>

#include "attestation/verify.hpp"

namespace sealwright::profile {

inline constexpr std::chrono::seconds kDefaultChallengeLifetime{std::chrono::minutes{10}};

// AttestationRule is the section [attestation] of a profile.
struct AttestationRule {
    attestation::Policy policy;
    std::chrono::seconds challenge_lifetime = kDefaultChallengeLifetime;
    // The certificate policy (OID content) that a certificate of this level gets; a level without one says nothing.
    std::map<attestation::Level, Bytes> policy_oids;

    // policy_oid gives nothing for a level that has none.
    const Bytes* policy_oid(attestation::Level level) const noexcept;
};

}  // namespace sealwright::profile
