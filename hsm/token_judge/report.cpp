#include "hsm/token_judge/report.hpp"

#include <algorithm>
#include <array>

namespace sealwright::hsm::token_judge {
namespace {

constexpr std::array<std::string_view, 5> kOutcomes{"holds", "broken", "not applicable", "not tested", "undecided"};
constexpr std::array<std::string_view, 3> kAbilities{"works", "absent", "broken"};

template <class Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

// The order in which observations of one rule decide.
constexpr std::array kDecisive{Outcome::broken, Outcome::holds, Outcome::undecided, Outcome::not_tested,
                               Outcome::not_applicable};

// Two details that say the same are said once; many are cut, since the raw findings have them all.
std::string joined(const std::vector<std::string>& details) {
    constexpr std::size_t kShown = 4;
    std::vector<std::string> different;
    for (const auto& detail : details) {
        if (!detail.empty() && std::find(different.begin(), different.end(), detail) == different.end())
            different.push_back(detail);
    }
    std::string text;
    for (std::size_t i = 0; i < std::min(kShown, different.size()); ++i) text += (i == 0 ? "" : "; ") + different[i];
    if (different.size() > kShown) text += "; and " + std::to_string(different.size() - kShown) + " more";
    return text;
}

RuleResult result_of(const Rule& rule, const Report& report) {
    for (const Outcome outcome : kDecisive) {
        std::vector<std::string> details;
        bool found = false;
        for (const Finding& finding : report.findings) {
            if (finding.rule != rule.id || finding.outcome != outcome) continue;
            found = true;
            details.push_back(finding.detail);
        }
        if (found) return {&rule, outcome, joined(details)};
    }
    return {&rule, Outcome::not_tested, {}};
}

}  // namespace

std::string_view outcome_name(Outcome outcome) noexcept { return kOutcomes[static_cast<std::size_t>(outcome)]; }
std::optional<Outcome> parse_outcome(std::string_view name) noexcept { return parse<Outcome>(kOutcomes, name); }
std::string_view ability_name(Ability ability) noexcept { return kAbilities[static_cast<std::size_t>(ability)]; }
std::optional<Ability> parse_ability(std::string_view name) noexcept { return parse<Ability>(kAbilities, name); }

std::string Report::fact(std::string_view name) const {
    for (const Fact& fact : facts) {
        if (fact.name == name) return fact.value;
    }
    return {};
}

std::vector<RuleResult> results(const Report& report) {
    std::vector<RuleResult> list;
    for (const Rule& rule : rules()) list.push_back(result_of(rule, report));
    return list;
}

std::string_view verdict_name(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::fit:
            return "fit";
        case Verdict::fit_with_limits:
            return "fit with limits";
        case Verdict::unfit:
            return "unfit";
    }
    return "unfit";
}

bool weighs(const RuleResult& result) noexcept {
    return result.outcome != Outcome::holds && result.outcome != Outcome::not_applicable;
}

Severity weight_of(const RuleResult& result) noexcept {
    const bool lessened = result.outcome == Outcome::undecided && result.rule->severity == Severity::unfit;
    return lessened ? Severity::limit : result.rule->severity;
}

Verdict verdict_of(const std::vector<RuleResult>& results) {
    Verdict verdict = Verdict::fit;
    for (const RuleResult& result : results) {
        if (!weighs(result)) continue;
        if (weight_of(result) == Severity::unfit) return Verdict::unfit;
        if (weight_of(result) == Severity::limit) verdict = Verdict::fit_with_limits;
    }
    return verdict;
}

}  // namespace sealwright::hsm::token_judge
