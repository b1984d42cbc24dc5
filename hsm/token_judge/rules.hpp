// rules.hpp: the published rule table by which a token is judged fit for a CA (docs/token-rules.md has the same table;
// a test compares them).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sealwright::hsm::token_judge {

// Severity is what a broken rule makes of the token: unfit for any CA key, fit within a limit that the operator has to
// know and set, or a note that changes no verdict.
enum class Severity : std::uint8_t { unfit, limit, note };
std::string_view severity_name(Severity severity) noexcept;

// Rule ids are stable: reports are filed and compared over years.
struct Rule {
    std::string_view id;
    Severity severity;
    std::string_view holds;   // what must hold, as a sentence
    std::string_view advice;  // what it means and what to do where it does not hold
};

std::span<const Rule> rules() noexcept;
// find_rule gives nullptr for an id that is no rule's.
const Rule* find_rule(std::string_view id) noexcept;

}  // namespace sealwright::hsm::token_judge
