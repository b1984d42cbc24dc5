// token_report.hpp: the judgement of a token for people, for machines, and as a page to file.
#pragma once

#include "base/clock.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "hsm/token_judge/report.hpp"

namespace sealwright::cli {

// TokenJudgement is a report with what follows from it. An interrupted report has no verdict.
struct TokenJudgement {
    hsm::token_judge::Report report;
    std::vector<hsm::token_judge::RuleResult> results;
    std::optional<hsm::token_judge::Verdict> verdict;
    UtcTime date;
};

TokenJudgement conclude(hsm::token_judge::Report report, UtcTime date);

// print_judgement: the verdict first, then what limits it and what to do, then the tables.
void print_judgement(Output& output, const TokenJudgement& judgement);

// judgement_json is "format": 1 (docs/token-rules.md).
json::object judgement_json(const TokenJudgement& judgement);

// judgement_page is one HTML page that needs nothing from elsewhere.
std::string judgement_page(const TokenJudgement& judgement);

}  // namespace sealwright::cli
