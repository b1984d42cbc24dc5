// checks.hpp: the table of all checks, and which of them a verdict cannot do without.
#pragma once

#include <span>

#include "attestation/verdict.hpp"

namespace sealwright::attestation {

// When says at which stage a check is mandatory: looked at or refused.
enum class When : std::uint8_t {
    opening,      // in both rounds
    attestation,  // in the second
    certificate,  // where the level rests on the EK's certificate
    never,        // it only informs, or others decide with it
};
struct CheckInfo {
    Check check;
    std::string_view code, clause;
    When mandatory;
};
std::span<const CheckInfo> all_checks() noexcept;  // by number

}  // namespace sealwright::attestation
