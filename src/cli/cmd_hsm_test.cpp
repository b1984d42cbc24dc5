// hsm test: judges a token for use by a CA.
#include <filesystem>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/judged_token.hpp"
#include "cli/token_report.hpp"

namespace sealwright::cli {
namespace {

using hsm::token_judge::Verdict;

// Looked at before the test, which takes minutes.
Result<void> check_page(const HsmTestOptions& options) {
    if (options.page.empty() || options.force || !std::filesystem::exists(options.page)) return success();
    return with_advice(fail(ErrorCode::already_exists, options.page + " exists, and is not overwritten"),
                       "Another name, or --force.");
}

Result<void> write_page(const HsmTestOptions& options, const TokenJudgement& judgement) {
    if (options.page.empty()) return success();
    const std::string page = judgement_page(judgement);
    return options.force ? write_file_atomically(options.page, view_of(page))
                         : create_file_exclusively(options.page, view_of(page));
}

// 3 is "fit with limits" here: what is unavailable ends with 1, so that nobody takes it for a verdict.
ExitCode exit_of(const TokenJudgement& judgement) {
    if (judgement.verdict == Verdict::fit) return ExitCode::done;
    return judgement.verdict == Verdict::fit_with_limits ? ExitCode::unavailable : ExitCode::failed;
}

Result<ExitCode> test(Context& context, const HsmTestOptions& options) {
    SEALWRIGHT_TRY(check_page(options));
    SEALWRIGHT_TRY(const auto taken, take_token(context, options.token, "test it"));
    if (!taken) return ExitCode::failed;
    auto report = hsm::token_judge::judge(taken->subject, taken->survey, taken->pin, options.quick,
                                          [&](const std::string& step) { context.output.progress("testing " + step); });
    context.output.clear_progress();
    if (!report) return report.error();
    const TokenJudgement judgement = conclude(std::move(report).value(), context.clock.now());
    if (context.output.wants_json()) {
        context.output.json(judgement_json(judgement));
    } else {
        print_judgement(context.output, judgement);
    }
    tell_leftovers(context, judgement.report.label, judgement.report.leftovers);
    SEALWRIGHT_TRY(write_page(options, judgement));
    if (!options.page.empty()) context.output.note("the page is in " + options.page);
    return exit_of(judgement);
}

}  // namespace

Result<ExitCode> hsm_test(Context& context, const HsmTestOptions& options) {
    const auto outcome = test(context, options);
    if (outcome || exit_code_of(outcome.error().code()) != ExitCode::unavailable) return outcome;
    return context.output.failure(outcome.error(), ExitCode::failed);
}

}  // namespace sealwright::cli
