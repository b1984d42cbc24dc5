#include "ceremonies/runner/commands.hpp"

#include "ceremonies/format/head_words.hpp"
#include "ceremonies/runner/bundle.hpp"
#include "ceremonies/runner/inputs.hpp"
#include "ceremonies/runner/paper.hpp"
#include "ceremonies/runner/player.hpp"
#include "ceremonies/runner/report.hpp"

namespace sealwright::ceremonies {
namespace {

constexpr std::chrono::hours kFarFromTheClock{31 * 24};

// EmptyDesk is nobody: it confirms in the name of the first who holds the role, for a play that leaves no trace.
class EmptyDesk final : public Desk {
public:
    void show(std::string_view) override {}
    Result<Confirmation> confirm(const ConfirmationRequest& request) override {
        return Confirmation{true, request.people.front().initials, {}, false};
    }
    Result<Secret> pin(const PinRequest&) override { return Secret{}; }
};

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
    return out;
}

void add_failure(const Step& step, const Error& error, std::vector<std::string>& problems) {
    const auto source = "script.toml:" + std::to_string(step.line) + ": step '" + step.id + "': ";
    std::string_view rest = error.private_detail();
    problems.push_back(source + error.public_detail());
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        problems.push_back(source + std::string{line});
    }
}

// play_with_software plays every step whose earlier steps did not fail, so that one mistake does not hide the next.
void play_with_software(const Inputs& inputs, const Clock& clock, crypto::Random& random, CheckReport& report) {
    const auto house = make_software_house();
    ForgetfulRecorder recorder;
    EmptyDesk desk;
    const Stage stage{inputs, *house, recorder, desk, clock, random};
    Performance performance;
    std::set<std::string> failed;
    for (const auto& step : inputs.script.steps) {
        const auto references = references_of(step);
        const bool hopeless =
            std::any_of(references.begin(), references.end(), [&](const auto& id) { return failed.contains(id); });
        if (hopeless) {
            failed.insert(step.id);
            continue;
        }
        const auto played = play_step(stage, performance, step);
        if (played) continue;
        failed.insert(step.id);
        add_failure(step, played.error(), report.problems);
    }
    report.keys = static_cast<std::size_t>(
        std::count_if(performance.keys.begin(), performance.keys.end(), [](const auto& key) { return !key.found; }));
    report.signatures = performance.signatures + (performance.closing.key_step.empty() ? 0U : 1U);
    report.warnings.insert(report.warnings.end(), performance.lint_warnings.begin(), performance.lint_warnings.end());
}

void check_signing_time(const Inputs& inputs, const Clock& clock, CheckReport& report) {
    if (!inputs.bindings.signing_time) return;
    const auto difference = *inputs.bindings.signing_time - clock.now();
    if (difference > kFarFromTheClock || -difference > kFarFromTheClock) {
        report.warnings.push_back("signing_time " + to_rfc3339(*inputs.bindings.signing_time) +
                                  " is more than 31 days from the clock, which says " + to_rfc3339(clock.now()));
    }
}

struct Checked {
    Inputs inputs;
    CheckReport report;
};

Result<Checked> load_and_check(const CeremonyFiles& files, const Clock& clock, crypto::Random& random) {
    Problems problems;
    SEALWRIGHT_TRY(auto inputs, load_inputs(files, problems));
    CheckReport report;
    report.title = inputs.script.title;
    report.kind = inputs.script.kind;
    report.mode = mode_name(inputs.bindings.mode);
    report.script_sha256 = inputs.script_sha256;
    report.bindings_sha256 = inputs.bindings_sha256;
    report.steps = inputs.script.steps.size();
    report.problems = problems.lines();
    check_signing_time(inputs, clock, report);
    if (report.ok()) play_with_software(inputs, clock, random, report);
    return Checked{std::move(inputs), std::move(report)};
}

// report writes the reports; a failure is a deviation that ends the ceremony, as in any step.
Result<void> report(const Stage& stage, Performance& performance) {
    auto kept = keep_reports(stage.inputs, performance, stage.clock.now(), stage.recorder);
    return kept ? kept : Result<void>{end_with(stage, performance, "", kept.error().in("report"))};
}

// hold is run and rehearse: everything from the first check to the head in words.
Result<CeremonyOutcome> hold(const RunOptions& options, Mode mode) {
    SEALWRIGHT_TRY(const auto checked, load_and_check(options.files, options.clock, options.random));
    const Inputs& inputs = checked.inputs;
    if (!checked.report.ok())
        return fail(ErrorCode::config, "the ceremony has problems; nothing was begun", joined(checked.report.problems));
    if (inputs.bindings.mode != mode) {
        return fail(
            ErrorCode::config,
            mode == Mode::rehearsal
                ? "the bindings have mode = \"production\"; a rehearsal is held with bindings of its own"
                : "the bindings have mode = \"rehearsal\"; hold it with rehearse, or name the bindings of production");
    }
    for (const auto& warning : checked.report.warnings) options.desk.show("warning: " + warning);

    SEALWRIGHT_TRY(const auto bundle, Bundle::begin(options.out, inputs, options.clock));
    if (inputs.rehearsal()) options.desk.show("REHEARSAL: nothing of this ceremony is for production");
    const auto house = make_pkcs11_house(options.desk);
    const Stage stage{inputs, *house, *bundle, options.desk, options.clock, options.random};
    Performance performance;
    auto played = play(stage, performance);
    if (played) played = report(stage, performance);
    auto closed = bundle->close(performance, bool{played}, options.random);
    if (!played) {
        if (closed)
            options.desk.show("the ceremony has ended early; head of its transcript: " +
                              head_line(bundle->head().size, bundle->head().root));
        return played.error();
    }
    if (!closed) return closed.error().in("the head of the transcript could not be signed or written");

    if (performance.unattended != 0) {
        options.desk.show(std::to_string(performance.unattended) + " of " + std::to_string(performance.confirmations) +
                          " confirmations were given by a program: dual control is not proved");
    }
    const auto head = bundle->head();
    return CeremonyOutcome{std::string{mode_name(mode)},
                           head.size,
                           head.root,
                           head_line(head.size, head.root),
                           head_columns(head.size, head.root),
                           head_short(head.root),
                           performance.deviations,
                           bundle->artefacts()};
}

}  // namespace

Result<CheckReport> check(const CeremonyFiles& files, const Clock& clock, crypto::Random& random) {
    SEALWRIGHT_TRY(auto checked, load_and_check(files, clock, random));
    return std::move(checked.report);
}

Result<PrintedScript> print(const CeremonyFiles& files) {
    Problems problems;
    SEALWRIGHT_TRY(const auto inputs, load_inputs(files, problems));
    if (!problems.empty()) return fail(ErrorCode::config, "the ceremony has problems", joined(problems.lines()));
    return print_script(inputs);
}

Result<CeremonyOutcome> run(const RunOptions& options) { return hold(options, Mode::production); }
Result<CeremonyOutcome> rehearse(const RunOptions& options) { return hold(options, Mode::rehearsal); }

}  // namespace sealwright::ceremonies
