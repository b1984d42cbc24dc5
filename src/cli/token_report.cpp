#include "cli/token_report.hpp"

#include "ceremonies/runner/style.hpp"
#include "ceremonies/runner/text.hpp"
#include "cli/times.hpp"

namespace sealwright::cli {
namespace {

using hsm::token_judge::Ability;
using hsm::token_judge::Capability;
using hsm::token_judge::Outcome;
using hsm::token_judge::Report;
using hsm::token_judge::RuleResult;
using hsm::token_judge::Severity;
using hsm::token_judge::Verdict;

constexpr std::string_view kWrongPin =
    "A wrong PIN was never tried: how the token counts and locks is not part of this test.";
constexpr std::string_view kItsWord =
    "What a module says of itself is its word, not a proof: see docs/threat-model.md.";

bool counts(const RuleResult& result) {
    return result.outcome == Outcome::broken || (weighs(result) && result.rule->severity != Severity::note);
}

std::string seen(const RuleResult& result) {
    if (!result.detail.empty()) return result.detail;
    return result.outcome == Outcome::not_tested ? "it could not be tested: an earlier step failed" : "";
}

std::string verdict_text(const TokenJudgement& judgement) {
    if (!judgement.verdict) return "NO VERDICT: interrupted";
    switch (*judgement.verdict) {
        case Verdict::fit:
            return "FIT for a CA";
        case Verdict::fit_with_limits:
            return "FIT WITH LIMITS for a CA";
        case Verdict::unfit:
            return "UNFIT for a CA";
    }
    return "UNFIT for a CA";
}

std::string subject_text(const Report& report) {
    return report.fact("token_label") + ", serial " + report.fact("token_serial") + ", " +
           report.fact("token_manufacturer") + ' ' + report.fact("token_model") + ", firmware " +
           report.fact("token_firmware_version");
}

std::string module_text(const Report& report) {
    return report.fact("path") + ", " + report.fact("description") + ", library " + report.fact("library_version") +
           ", PKCS#11 " + report.fact("cryptoki_version");
}

// is_told: of a test that was interrupted what was found stands, and what was not reached says nothing.
bool is_told(const TokenJudgement& judgement, const RuleResult& result) {
    return counts(result) && (judgement.verdict || result.outcome == Outcome::broken);
}

struct Section {
    Severity severity;
    std::string_view title;
};
constexpr std::array kSections{Section{Severity::unfit, "What makes it unfit"},
                               Section{Severity::limit, "What limits it, and what to do"},
                               Section{Severity::note, "Worth knowing"}};

std::string ability_text(const Capability& capability) { return std::string{ability_name(capability.ability)}; }

std::string leftovers_text(const Report& report) {
    if (!report.leftovers) return "it is not known whether they are destroyed";
    return *report.leftovers == 0 ? "all destroyed"
                                  : std::to_string(*report.leftovers) + " objects COULD NOT be destroyed";
}

// Page builds HTML; everything that came from a module passes through text.
class Page {
public:
    static std::string text(std::string_view raw) { return ceremonies::html_text(ceremonies::clean_text(raw)); }

    Page& heading(std::string_view title) {
        html_ += "<h2>" + text(title) + "</h2>\n";
        return *this;
    }
    Page& paragraph(std::string_view content, std::string_view css = {}) {
        html_ += css.empty() ? "<p>" : "<p class=\"" + std::string{css} + "\">";
        html_ += text(content) + "</p>\n";
        return *this;
    }
    Page& begin_table(const std::vector<std::string_view>& titles) {
        html_ += "<table>";
        if (!titles.empty()) {
            html_ += "<tr>";
            for (const auto title : titles) html_ += "<th>" + text(title) + "</th>";
            html_ += "</tr>\n";
        }
        return *this;
    }
    Page& row(const std::vector<std::string>& cells, bool bad = false, bool first_is_code = true) {
        html_ += "<tr>";
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const char* css = i == 0 && first_is_code ? " class=\"mono\"" : bad && i == 1 ? " class=\"bad\"" : "";
            html_ += std::string{"<td"} + css + ">" + text(cells[i]) + "</td>";
        }
        html_ += "</tr>\n";
        return *this;
    }
    Page& end_table() {
        html_ += "</table>\n";
        return *this;
    }
    std::string take(std::string_view title) const {
        // clang-format off
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + text(title) + "</title><style>" + std::string{ceremonies::kStyleSheet} +
               ".verdict { font-size: 15pt; font-weight: bold; border: 0.6mm solid #111; padding: 3mm 4mm; margin: 4mm 0; }\n"
               ".verdict.unfit { border-color: #b00000; color: #b00000; }\ntd.mono { min-width: 48mm; }\n"
               ".item { break-inside: avoid; margin: 0 0 3mm; }\n.item p { margin: 0 0 0.6mm; }\n</style></head><body><main class=\"sheet\">" +
               html_ + "</main></body></html>\n";
        // clang-format on
    }
    void raw(std::string_view html) { html_ += html; }

private:
    std::string html_;
};

json::array rules_json(const TokenJudgement& judgement) {
    json::array list;
    for (const RuleResult& result : judgement.results) {
        list.push_back(json::object{{"id", result.rule->id},
                                    {"severity", severity_name(result.rule->severity)},
                                    {"outcome", outcome_name(result.outcome)},
                                    {"seen", seen(result)},
                                    {"rule", result.rule->holds},
                                    {"advice", result.rule->advice}});
    }
    return list;
}

json::object raw_json(const Report& report) {
    json::array findings, steps;
    for (const auto& finding : report.findings) {
        findings.push_back(json::object{{"rule", finding.rule},
                                        {"outcome", outcome_name(finding.outcome)},
                                        {"detail", finding.detail},
                                        {"step", finding.step}});
    }
    for (const auto& step : report.steps) {
        steps.push_back(json::object{
            {"group", step.group}, {"step", step.step}, {"ended", step.ended}, {"milliseconds", step.taken.count()}});
    }
    return {{"findings", std::move(findings)}, {"steps", std::move(steps)}};
}

json::object facts_json(const Report& report) {
    json::object facts;
    for (const auto& fact : report.facts) facts[fact.name] = fact.value;
    return facts;
}

}  // namespace

TokenJudgement conclude(Report report, UtcTime date) {
    TokenJudgement judgement{std::move(report), {}, std::nullopt, date};
    judgement.results = hsm::token_judge::results(judgement.report);
    if (!judgement.report.interrupted) judgement.verdict = verdict_of(judgement.results);
    return judgement;
}

void print_judgement(Output& output, const TokenJudgement& judgement) {
    const Report& report = judgement.report;
    output.line(verdict_text(judgement));
    output.line("");
    for (const Section& section : kSections) {
        bool titled = false;
        for (const RuleResult& result : judgement.results) {
            if (weight_of(result) != section.severity || !is_told(judgement, result)) continue;
            if (!titled) output.line(std::string{section.title} + ":");
            titled = true;
            output.line("  " + std::string{result.rule->id} + ": " +
                        (result.outcome == Outcome::broken      ? "does not hold: "
                         : result.outcome == Outcome::undecided ? "UNDECIDED: "
                                                                : "NOT TESTED: ") +
                        std::string{result.rule->holds});
            if (const std::string what = seen(result); !what.empty()) output.line("      Seen: " + what);
            output.line("      Do:   " + std::string{result.rule->advice});
        }
        if (titled) output.line("");
    }
    Facts facts;
    facts.add("Token", subject_text(report));
    facts.add("Module", module_text(report));
    facts.add("SHA-256", report.fact("sha256"));
    facts.add("Date", format_time(judgement.date) + (report.quick ? " (--quick: fewer algorithms)" : ""));
    facts.add("Throw-away keys", report.label + ": " + leftovers_text(report));
    output.facts(facts);
    output.line("");
    Table abilities{{{"KEY"}, {"OPERATION"}, {"RESULT"}, {"DETAIL", false, true}}};
    for (const Capability& capability : report.capabilities)
        abilities.add({capability.key, capability.operation, ability_text(capability), capability.detail});
    if (!abilities.empty()) output.table(abilities);
    output.line("");
    Table rules{{{"RULE"}, {"SEVERITY"}, {"OUTCOME"}, {"SEEN", false, true}}};
    for (const RuleResult& result : judgement.results)
        rules.add({std::string{result.rule->id}, std::string{severity_name(result.rule->severity)},
                   std::string{outcome_name(result.outcome)}, result.detail});
    output.table(rules);
    output.line("");
    output.line(std::string{kWrongPin});
    output.line(std::string{kItsWord});
}

json::object judgement_json(const TokenJudgement& judgement) {
    const Report& report = judgement.report;
    json::array capabilities, mechanisms;
    for (const Capability& capability : report.capabilities) {
        capabilities.push_back(json::object{{"key", capability.key},
                                            {"operation", capability.operation},
                                            {"result", ability_text(capability)},
                                            {"detail", capability.detail}});
    }
    for (const auto& mechanism : report.mechanisms) mechanisms.emplace_back(mechanism);
    json::value verdict = nullptr;
    if (judgement.verdict) verdict = verdict_name(*judgement.verdict);
    json::value leftovers = nullptr;
    if (report.leftovers) leftovers = *report.leftovers;
    return {{"format", 1},
            {"verdict", std::move(verdict)},
            {"date", to_rfc3339(judgement.date)},
            {"sealwright_version", SEALWRIGHT_VERSION},
            {"quick", report.quick},
            {"interrupted", report.interrupted},
            {"wrong_pin_tried", false},
            {"facts", facts_json(report)},
            {"throw_away_keys", json::object{{"label", report.label}, {"left_over", std::move(leftovers)}}},
            {"rules", rules_json(judgement)},
            {"capabilities", std::move(capabilities)},
            {"mechanisms", std::move(mechanisms)},
            {"raw", raw_json(report)}};
}

std::string judgement_page(const TokenJudgement& judgement) {
    const Report& report = judgement.report;
    Page page;
    page.raw("<h1>Judgement of a PKCS#11 token</h1>\n");
    page.paragraph(subject_text(report));
    page.raw("<div class=\"verdict" + std::string{judgement.verdict == Verdict::unfit ? " unfit" : ""} + "\">" +
             Page::text(verdict_text(judgement)) + "</div>\n");
    for (const Section& section : kSections) {
        bool titled = false;
        for (const RuleResult& result : judgement.results) {
            if (weight_of(result) != section.severity || !is_told(judgement, result)) continue;
            if (!titled) page.heading(section.title);
            titled = true;
            page.raw("<div class=\"item\">");
            page.paragraph(
                std::string{result.rule->id} + (result.outcome == Outcome::broken      ? ": does not hold"
                                                : result.outcome == Outcome::undecided ? ": is undecided"
                                                                                       : ": could not be tested"),
                "mono");
            page.paragraph(result.rule->holds);
            if (const std::string what = seen(result); !what.empty()) page.paragraph("Seen: " + what, "muted");
            page.paragraph("Do: " + std::string{result.rule->advice});
            page.raw("</div>\n");
        }
    }
    page.heading("What was judged").begin_table({});
    page.row({"module", report.fact("path")})
        .row({"description", report.fact("description") + " (" + report.fact("manufacturer") + ")"});
    page.row({"library", report.fact("library_version") + ", PKCS#11 " + report.fact("cryptoki_version")})
        .row({"SHA-256", report.fact("sha256")});
    page.row({"token", report.fact("token_label") + ", serial " + report.fact("token_serial")});
    page.row({"model", report.fact("token_manufacturer") + ' ' + report.fact("token_model")});
    page.row(
        {"hardware, firmware", report.fact("token_hardware_version") + ", " + report.fact("token_firmware_version")});
    page.row({"date", format_time(judgement.date)})
        .row({"judged by", std::string{"sealwright "} + SEALWRIGHT_VERSION + (report.quick ? ", --quick" : "")});
    page.row({"throw-away keys", report.label + ": " + leftovers_text(report)}).end_table();
    page.heading("Algorithms").begin_table({"KEY", "RESULT", "OPERATION", "DETAIL"});
    for (const Capability& capability : report.capabilities)
        page.row({capability.key, ability_text(capability), capability.operation, capability.detail},
                 capability.ability == Ability::broken);
    page.end_table().heading("Rules").begin_table({"RULE", "OUTCOME", "SEVERITY", "SEEN"});
    for (const RuleResult& result : judgement.results)
        page.row({std::string{result.rule->id}, std::string{outcome_name(result.outcome)},
                  std::string{severity_name(result.rule->severity)}, result.detail},
                 result.outcome == Outcome::broken);
    page.end_table().heading("Mechanisms in the token's list");
    std::string mechanisms;
    for (const auto& mechanism : report.mechanisms) mechanisms += (mechanisms.empty() ? "" : ", ") + mechanism;
    page.paragraph(mechanisms, "mono").paragraph(kWrongPin, "muted").paragraph(kItsWord, "muted");
    page.raw(
        "<div class=\"fields\"><span>Name <span class=\"line wide\"></span></span><span>Date <span "
        "class=\"line\"></span></span>"
        "<span>Signature <span class=\"line wide\"></span></span></div>\n");
    return page.take("Token " + report.fact("token_label") + ": " + verdict_text(judgement));
}

}  // namespace sealwright::cli
