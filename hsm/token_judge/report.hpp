// report.hpp: what was found out about a token, and the verdict that follows from it by the rule table.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "hsm/token_judge/rules.hpp"

namespace sealwright::hsm::token_judge {

// Outcome of a rule. not_applicable: the token does not have what the rule is about. not_tested: it could not be found
// out (the module ended before, or an earlier step failed). undecided: it was tried, and what the token answered proves
// neither (a refusal where everything of the kind is refused).
enum class Outcome : std::uint8_t { holds, broken, not_applicable, not_tested, undecided };
std::string_view outcome_name(Outcome outcome) noexcept;
std::optional<Outcome> parse_outcome(std::string_view name) noexcept;

// Finding is one observation about one rule, as the probe gave it; a rule may have several.
struct Finding {
    std::string rule;
    Outcome outcome = Outcome::not_tested;
    std::string detail;
    std::string step;  // "algorithms/rsa-2048"
};

// Capability is one thing that a token can do: a kind of key with one algorithm.
enum class Ability : std::uint8_t { works, absent, broken };
std::string_view ability_name(Ability ability) noexcept;
std::optional<Ability> parse_ability(std::string_view name) noexcept;
struct Capability {
    std::string key;        // "rsa-2048", "aes-256"
    std::string operation;  // "rsa-pss-sha256, hashed in the token", "wrap CKM_AES_KEY_WRAP_PAD"
    Ability ability = Ability::absent;
    std::string detail;
};

// StepRun is how one step went.
struct StepRun {
    std::string group, step;
    std::string ended;  // "done", "crashed (SIGSEGV)", "hung (over 60 s)", "ended (status 1)"
    std::chrono::milliseconds taken{0};
};

// Fact is something that module or token say of themselves ("library_version").
struct Fact {
    std::string name, value;
};

struct Report {
    std::vector<Fact> facts;
    std::vector<std::string> mechanisms;
    std::vector<Finding> findings;
    std::vector<Capability> capabilities;
    std::vector<StepRun> steps;
    bool quick = false;
    bool interrupted = false;           // by SIGINT or SIGTERM: not everything was tested
    std::string label;                  // of the throw-away keys
    std::optional<unsigned> leftovers;  // throw-away objects that could not be destroyed; absent: it is not known

    std::string fact(std::string_view name) const;  // empty where there is none
};

// RuleResult is one rule with all that was observed of it: broken where any observation was, else what held.
struct RuleResult {
    const Rule* rule = nullptr;
    Outcome outcome = Outcome::not_tested;
    std::string detail;  // of the observations that decided
};

// results has one entry for every rule of the table, in its order.
std::vector<RuleResult> results(const Report& report);

enum class Verdict : std::uint8_t { fit, fit_with_limits, unfit };
std::string_view verdict_name(Verdict verdict) noexcept;  // "fit", "fit with limits", "unfit"

// weighs: the result counts against the token, as what weight_of says (undecided: at most a limit).
bool weighs(const RuleResult& result) noexcept;
Severity weight_of(const RuleResult& result) noexcept;

// verdict_of: unfit where a rule of severity unfit is broken or could not be tested, fit with limits where a rule of
// severity limit is or one of either is undecided, else fit.
Verdict verdict_of(const std::vector<RuleResult>& results);

}  // namespace sealwright::hsm::token_judge
