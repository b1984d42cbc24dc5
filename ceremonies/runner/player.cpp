#include "ceremonies/runner/player.hpp"

#include "ceremonies/runner/steps.hpp"

namespace sealwright::ceremonies {
namespace {

JsonObject roster_of(const Inputs& inputs) {
    JsonArray people, roles;
    for (const auto& person : inputs.bindings.people) {
        people.push_back(JsonObject{{"initials", person.initials}, {"name", person.name}, {"role", person.role}});
    }
    for (const auto& role : inputs.script.roles) {
        roles.push_back(JsonObject{{"count", std::uint64_t{role.count}}, {"id", role.id}, {"title", role.title}});
    }
    return {{"people", std::move(people)}, {"roles", std::move(roles)}};
}

// open_modules loads each module once, before the first step, so that a wrong one is found before anybody types a PIN.
Result<void> open_modules(const Stage& stage) {
    std::set<std::string> seen;
    for (const auto& token : stage.inputs.bindings.tokens) {
        SEALWRIGHT_TRY(const auto info, stage.house.module(token));
        if (!seen.insert(info.path).second) continue;
        SEALWRIGHT_TRY(stage.recorder.record("module", "",
                                             {{"cryptoki", info.cryptoki_version},
                                              {"description", info.description},
                                              {"library_version", info.library_version},
                                              {"manufacturer", info.manufacturer},
                                              {"path", info.path},
                                              {"sha256", info.file_sha256.hex()}}));
    }
    return success();
}

}  // namespace

const MadeKey* Performance::key(std::string_view step) const noexcept {
    for (const auto& made : keys) {
        if (made.step == step) return &made;
    }
    return nullptr;
}

const MadeCertificate* Performance::certificate(std::string_view step) const noexcept {
    for (const auto& made : certificates) {
        if (made.step == step) return &made;
    }
    return nullptr;
}

Result<void> play_step(const Stage& stage, Performance& performance, const Step& step) {
    const std::size_t deviations = performance.deviations.size();
    SEALWRIGHT_TRY(
        stage.recorder.record("step.begin", step.id, {{"by", step.by}, {"do", std::string{action_name(step)}}}));
    StepRun run{stage, performance, step};
    SEALWRIGHT_TRY(std::visit([&](const auto& work) { return run.perform(work); }, step.work));
    const bool deviated = performance.deviations.size() != deviations;
    return stage.recorder.record("step.end", step.id, {{"outcome", deviated ? "deviation" : "done"}});
}

// end_with puts the failure that ends the ceremony on record. Where the transcript itself failed, this fails too; the
// first error is what counts.
Error end_with(const Stage& stage, Performance& performance, const std::string& step, const Error& error) {
    performance.deviations.push_back(error.describe());
    (void)stage.recorder.record("deviation", step,
                                {{"detail", error.private_detail()},
                                 {"ends", true},
                                 {"error", std::string{error_code_name(error.code())}},
                                 {"what", error.public_detail()}});
    return error;
}

Result<void> play(const Stage& stage, Performance& performance) {
    SEALWRIGHT_TRY(stage.recorder.record("roster", "", roster_of(stage.inputs)));
    if (auto opened = open_modules(stage); !opened) return end_with(stage, performance, "", opened.error());
    const auto& steps = stage.inputs.script.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        stage.desk.show("step " + std::to_string(i + 1) + " of " + std::to_string(steps.size()) + ": " + steps[i].id +
                        " (" + std::string{action_name(steps[i])} + ", by " + steps[i].by + ")");
        if (!steps[i].note.empty()) stage.desk.show("  " + steps[i].note);
        auto played = play_step(stage, performance, steps[i]);
        if (!played) return end_with(stage, performance, steps[i].id, played.error().in("step '" + steps[i].id + "'"));
    }
    return success();
}

}  // namespace sealwright::ceremonies
