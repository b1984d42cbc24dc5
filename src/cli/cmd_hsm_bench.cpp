// hsm bench: how fast a token signs, and what to set.
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/judged_token.hpp"

namespace sealwright::cli {
namespace {

using hsm::token_judge::BenchPlan;
using hsm::token_judge::BenchResult;
using hsm::token_judge::Measure;
using hsm::token_judge::Recommendation;

std::string number_text(double number, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, number);
    return text.data();
}

std::string list_of_names() {
    std::string text;
    for (const auto& name : hsm::token_judge::bench_names()) text += (text.empty() ? "" : ", ") + name;
    return text;
}

Result<BenchPlan> plan_of(const HsmBenchOptions& options) {
    BenchPlan plan;
    const auto names = hsm::token_judge::bench_names();
    for (const auto& name : options.algorithms) {
        if (std::find(names.begin(), names.end(), name) == names.end())
            return with_advice(fail(ErrorCode::not_found, "no algorithm '" + name + "'"),
                               "There are: " + list_of_names());
    }
    plan.algorithms = options.algorithms;
    if (!options.lanes.empty()) plan.lanes = options.lanes;
    plan.seconds = options.seconds;
    return plan;
}

// recommended_lanes serves every algorithm: what the hungriest needs.
unsigned recommended_lanes(const std::vector<Recommendation>& list) {
    unsigned lanes = 1;
    for (const auto& row : list) lanes = std::max(lanes, row.lanes);
    return lanes;
}
unsigned recommended_hang(const std::vector<Recommendation>& list) {
    unsigned seconds = 0;
    for (const auto& row : list) seconds = std::max(seconds, row.hang_seconds);
    return seconds;
}
unsigned recommended_deadline(const std::vector<Recommendation>& list) {
    unsigned seconds = 0;
    for (const auto& row : list) seconds = std::max(seconds, row.deadline_seconds);
    return seconds;
}

// patience_text names both: a hang that is too short ends the token's process in the middle of a signature, whatever
// the deadline is.
std::string patience_text(unsigned hang, unsigned deadline) {
    constexpr unsigned kDefaultHang = 5, kDefaultDeadline = 10;
    if (hang <= kDefaultHang && deadline <= kDefaultDeadline)
        return "hang = \"5s\" and deadline = \"10s\" (the defaults) are sensible: the slowest signature took at most a "
               "tenth of hang.";
    return "hang = \"" + std::to_string(hang) + "s\" in [token] and deadline = \"" + std::to_string(deadline) +
           "s\": ten and twenty times the slowest signature; the default hang of 5s could end the token's process "
           "while "
           "it signs. The deadline of [signer] in sealwrightd.toml must not be shorter.";
}

void print(Output& output, const BenchResult& result, const std::vector<Recommendation>& recommended) {
    Table table{{{"ALGORITHM"},
                 {"LANES", true},
                 {"SIGNATURES/S", true},
                 {"P50 MS", true},
                 {"P99 MS", true},
                 {"LONGEST MS", true},
                 {"FAILED", true}}};
    for (const Measure& measure : result.measures) {
        table.add({measure.algorithm, std::to_string(measure.lanes), number_text(measure.per_second(), 1),
                   number_text(measure.p50_ms, 3), number_text(measure.p99_ms, 3), number_text(measure.longest_ms, 3),
                   std::to_string(measure.failures)});
    }
    output.table(table);
    for (const auto& why : result.left_out) output.note("left out: " + why);
    output.line("");
    if (recommended.empty()) return output.line("No recommendation: no number of lanes signed without a failure.");
    for (const auto& row : recommended) {
        output.line(row.algorithm + ": " + std::to_string(row.lanes) + (row.lanes == 1 ? " lane" : " lanes") +
                    " within 95 % of the best, " + number_text(row.per_second, 1) + " signatures/s");
    }
    output.line("");
    output.line("In signer.toml:  lanes = " + std::to_string(recommended_lanes(recommended)));
    output.line(patience_text(recommended_hang(recommended), recommended_deadline(recommended)));
}

json::object result_json(const BenchResult& result, const std::vector<Recommendation>& recommended,
                         const hsm::token_judge::Survey& survey, const std::string& serial, UtcTime date) {
    json::array measures, left_out, rows;
    for (const Measure& m : result.measures) {
        measures.push_back(json::object{{"algorithm", m.algorithm},
                                        {"lanes", m.lanes},
                                        {"signatures", m.signatures},
                                        {"failures", m.failures},
                                        {"seconds", m.seconds},
                                        {"per_second", m.per_second()},
                                        {"p50_ms", m.p50_ms},
                                        {"p99_ms", m.p99_ms},
                                        {"longest_ms", m.longest_ms}});
    }
    for (const auto& why : result.left_out) left_out.emplace_back(why);
    for (const auto& row : recommended) {
        rows.push_back(json::object{{"algorithm", row.algorithm},
                                    {"lanes", row.lanes},
                                    {"per_second", row.per_second},
                                    {"hang_seconds", row.hang_seconds},
                                    {"deadline_seconds", row.deadline_seconds}});
    }
    json::object module;
    for (const auto& fact : survey.module) module[fact.name] = fact.value;
    json::value recommendation = nullptr;
    if (!recommended.empty())
        recommendation = json::object{{"lanes", recommended_lanes(recommended)},
                                      {"hang_seconds", recommended_hang(recommended)},
                                      {"deadline_seconds", recommended_deadline(recommended)},
                                      {"by_algorithm", std::move(rows)}};
    return {{"format", 1},
            {"date", to_rfc3339(date)},
            {"module", std::move(module)},
            {"token_serial", serial},
            {"interrupted", result.interrupted},
            {"measures", std::move(measures)},
            {"left_out", std::move(left_out)},
            {"recommendation", std::move(recommendation)}};
}

}  // namespace

Result<ExitCode> hsm_bench(Context& context, const HsmBenchOptions& options) {
    SEALWRIGHT_TRY(const BenchPlan plan, plan_of(options));
    SEALWRIGHT_TRY(const auto taken, take_token(context, options.token, "measure it"));
    if (!taken) return ExitCode::failed;
    auto outcome = hsm::token_judge::bench(taken->subject, taken->pin, plan, [&](const std::string& step) {
        context.output.progress("measuring " + step);
    });
    context.output.clear_progress();
    if (!outcome) return outcome.error();
    const BenchResult& result = outcome.value();
    const auto recommended = hsm::token_judge::recommend(result.measures);
    if (context.output.wants_json()) {
        context.output.json(
            result_json(result, recommended, taken->survey, taken->subject.token_serial, context.clock.now()));
    } else {
        print(context.output, result, recommended);
    }
    tell_leftovers(context, result.label, result.leftovers);
    return result.interrupted || recommended.empty() ? ExitCode::failed : ExitCode::done;
}

}  // namespace sealwright::cli
