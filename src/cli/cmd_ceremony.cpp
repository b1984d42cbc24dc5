// ceremony check, print, rehearse, run: the command line around ceremonies/runner.
#include <unistd.h>

#include <iostream>

#include "base/file.hpp"
#include "ceremonies/runner/commands.hpp"
#include "cli/commands.hpp"

namespace sealwright::cli {
namespace {

using ceremonies::CeremonyFiles;
using ceremonies::CeremonyOutcome;
using ceremonies::CheckReport;

// The desk speaks on standard output. With --json that belongs to the result: what is shown meanwhile goes to standard
// error.
class SpokenToStandardError {
public:
    explicit SpokenToStandardError(bool wanted) : before_(wanted ? std::cout.rdbuf(std::cerr.rdbuf()) : nullptr) {}
    ~SpokenToStandardError() {
        if (before_ != nullptr) std::cout.rdbuf(before_);
    }
    SpokenToStandardError(const SpokenToStandardError&) = delete;
    SpokenToStandardError& operator=(const SpokenToStandardError&) = delete;

private:
    std::streambuf* before_;
};

CeremonyFiles files_of(const CeremonyOptions& options) { return {options.script, options.bindings}; }

json::array texts(const std::vector<std::string>& lines) {
    json::array array;
    for (const auto& line : lines) array.emplace_back(line);
    return array;
}

json::object report_json(const CheckReport& report) {
    return {{"ok", report.ok()},
            {"title", report.title},
            {"kind", report.kind},
            {"mode", report.mode},
            {"script_sha256", report.script_sha256.hex()},
            {"bindings_sha256", report.bindings_sha256.hex()},
            {"steps", report.steps},
            {"keys", report.keys},
            {"signatures", report.signatures},
            {"problems", texts(report.problems)},
            {"warnings", texts(report.warnings)}};
}

void print_report(Output& output, const CheckReport& report) {
    Facts facts;
    facts.add("Ceremony", report.title + " (" + report.kind + ")");
    facts.add("Mode", report.mode);
    facts.add("Script", report.script_sha256.hex() + " (SHA-256)");
    facts.add("Bindings", report.bindings_sha256.hex() + " (SHA-256)");
    facts.add("Steps", std::to_string(report.steps) + ", generating " + std::to_string(report.keys) +
                           " keys and making " + std::to_string(report.signatures) + " signatures");
    output.facts(facts);
    for (const auto& problem : report.problems) output.line("problem: " + problem);
    for (const auto& warning : report.warnings) output.line("warning: " + warning);
    output.line(report.ok() ? "No problem was found."
                            : std::to_string(report.problems.size()) + " problems: this ceremony must not be held.");
}

std::filesystem::path whole_path(const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path));
}

// A head beside the transcript that it is to prove would prove nothing: who changes one can change the other.
std::optional<Error> wrong_head_file(const CeremonyOptions& options) {
    if (options.head_file.empty()) return std::nullopt;
    const auto head = whole_path(options.head_file), out = whole_path(options.out);
    const auto relative = head.lexically_relative(out);
    if (relative.empty() || *relative.begin() == "..") return std::nullopt;
    return with_advice(fail(ErrorCode::malformed, "--head-file lies in --out"),
                       "The head proves the bundle only if it is kept apart from it.");
}

json::object outcome_json(const CeremonyOutcome& outcome) {
    json::array artefacts;
    for (const auto& path : outcome.artefacts) artefacts.emplace_back(path.string());
    return {{"mode", outcome.mode},
            {"records", outcome.records},
            {"root", outcome.root.hex()},
            {"head", outcome.head},
            {"head_short", outcome.head_short},
            {"deviations", texts(outcome.deviations)},
            {"artefacts", std::move(artefacts)}};
}

void print_outcome(Output& output, const CeremonyOptions& options, const CeremonyOutcome& outcome) {
    output.line("");
    if (outcome.mode == "rehearsal") output.line("REHEARSAL");
    output.line("The ceremony was held: " + std::to_string(outcome.records) + " records, bundle in " + options.out);
    for (const auto& path : outcome.artefacts) output.line("  " + path.string());
    for (const auto& deviation : outcome.deviations) output.line("DEVIATION: " + deviation);
    output.line("");
    output.line(
        "The head of the transcript. Write it down on paper, all of it, before anyone leaves; it is on no file of the "
        "bundle:");
    output.line("");
    output.text(outcome.head_columns);
    output.line("");
    output.line("To read aloud: " + outcome.head_short);
    output.line("To verify: sealwright-verify ceremony " + options.out + " --roots ROOTS.pem --head \"" + outcome.head +
                "\"");
}

using Hold = Result<CeremonyOutcome> (*)(const ceremonies::RunOptions&);

Result<CeremonyOutcome> hold(Context& context, const CeremonyOptions& options, Hold how) {
    const SpokenToStandardError redirected{context.output.wants_json()};
    const auto desk = options.yes ? ceremonies::make_unattended_desk() : ceremonies::make_terminal_desk();
    crypto::SystemRandom random;
    return how(
        {.files = files_of(options), .out = options.out, .desk = *desk, .clock = context.clock, .random = random});
}

Result<ExitCode> hold_and_tell(Context& context, const CeremonyOptions& options, Hold how) {
    if (const auto wrong = wrong_head_file(options)) return context.output.usage(*wrong);
    if (!options.yes && !is_terminal(STDIN_FILENO)) {
        return with_advice(
            fail(ErrorCode::denied, "people confirm the steps of a ceremony, and standard input is no terminal"),
            "On simulators a program may confirm with --yes; the transcript records that nobody did.");
    }
    if (options.yes) context.output.warning("every confirmation is made by the program, and the transcript says so");
    SEALWRIGHT_TRY(const auto outcome, hold(context, options, how));
    if (!options.head_file.empty()) {
        SEALWRIGHT_TRY(write_file_atomically(options.head_file, view_of(outcome.head + '\n')));
    }
    if (context.output.wants_json()) {
        context.output.json(outcome_json(outcome));
    } else {
        print_outcome(context.output, options, outcome);
    }
    return ExitCode::done;
}

}  // namespace

Result<ExitCode> ceremony_check(Context& context, const CeremonyOptions& options) {
    crypto::SystemRandom random;
    SEALWRIGHT_TRY(const auto report, ceremonies::check(files_of(options), context.clock, random));
    if (context.output.wants_json()) {
        context.output.json(report_json(report));
    } else {
        print_report(context.output, report);
    }
    return report.ok() ? ExitCode::done : ExitCode::failed;
}

Result<ExitCode> ceremony_print(Context& context, const CeremonyOptions& options) {
    SEALWRIGHT_TRY(const auto printed, ceremonies::print(files_of(options)));
    if (context.output.wants_json()) {
        context.output.json(json::object{{"text", printed.text}, {"html", printed.html}});
    } else {
        context.output.raw(options.html ? printed.html : printed.text);
    }
    return ExitCode::done;
}

Result<ExitCode> ceremony_rehearse(Context& context, const CeremonyOptions& options) {
    return hold_and_tell(context, options, ceremonies::rehearse);
}

Result<ExitCode> ceremony_run(Context& context, const CeremonyOptions& options) {
    return hold_and_tell(context, options, ceremonies::run);
}

}  // namespace sealwright::cli
