#include "hsm/token_judge/judge.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/loaded_module.hpp"
#include "hsm/token_judge/session_of_judgement.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using pkcs11::TokenInfo;
using std::chrono::steady_clock;

constexpr std::size_t kMaxModuleFile = 512U << 20U;
// A group whose steps go on ending the process is given up.
constexpr unsigned kMaxEndsOfGroup = 4;

template <std::size_t N>
std::string padded_text(const unsigned char (&field)[N]) {
    std::string text(reinterpret_cast<const char*>(field), N);
    const auto end = text.find_last_not_of(std::string_view{" \0", 2});
    text.resize(end == std::string::npos ? 0 : end + 1);
    return text;
}

std::string version_text(const CK_VERSION& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor);
}

std::vector<std::string> token_fields(const TokenInfo& token) {
    const auto flag = [](bool value) { return std::string{value ? "1" : "0"}; };
    return {std::to_string(token.slot_id),
            token.label,
            token.manufacturer,
            token.model,
            token.serial,
            token.hardware_version,
            token.firmware_version,
            flag(token.initialized),
            flag(token.login_required),
            flag(token.write_protected),
            flag(token.user_pin_count_low),
            flag(token.user_pin_final_try),
            flag(token.user_pin_locked)};
}

std::optional<TokenInfo> token_of(const Message& message) {
    const auto& f = message.fields;
    if (f.size() != 13) return std::nullopt;
    const auto flag = [&](std::size_t i) { return f[i] == "1"; };
    TokenInfo token;
    token.slot_id = std::strtoul(f[0].c_str(), nullptr, 10);
    token.label = f[1];
    token.manufacturer = f[2];
    token.model = f[3];
    token.serial = f[4];
    token.hardware_version = f[5];
    token.firmware_version = f[6];
    token.initialized = flag(7);
    token.login_required = flag(8);
    token.write_protected = flag(9);
    token.user_pin_count_low = flag(10);
    token.user_pin_final_try = flag(11);
    token.user_pin_locked = flag(12);
    return token;
}

void look(const ModuleRef& ref, Reporter& reporter) {
    auto library = LoadedLibrary::load(ref);
    if (!library) return reporter.failure(library.error());
    CK_INFO info{};
    if (library.value().functions().C_GetInfo(&info) == CKR_OK) {
        reporter.fact("manufacturer", padded_text(info.manufacturerID));
        reporter.fact("description", padded_text(info.libraryDescription));
        reporter.fact("library_version", version_text(info.libraryVersion));
        reporter.fact("cryptoki_version", version_text(info.cryptokiVersion));
    }
    reporter.fact("path", library.value().path());
    const auto tokens = library.value().tokens();
    if (!tokens) return reporter.failure(tokens.error());
    for (const TokenInfo& token : tokens.value()) reporter.send("token", token_fields(token));
    library.value().finalise();
}

Error interrupted() { return fail(ErrorCode::denied, "interrupted"); }

Error lifeless(const ChildEnd& end, std::string_view doing) {
    const std::string how = end.how == Ending::crashed ? "crashed (" + end.detail + ")"
                            : end.how == Ending::hung  ? "hung (" + end.detail + ")"
                                                       : "ended (" + end.detail + ")";
    return fail(ErrorCode::token, "the module " + how + " " + std::string{doing});
}

// Judgement runs the groups one after another and writes down what their children say.
class Judgement {
public:
    Judgement(ModuleRef ref, const Secret& pin, const OnProgress& on_progress)
        : ref_(std::move(ref)), pin_(pin), on_progress_(on_progress) {
        report_.quick = ref_.quick;
        report_.label = ref_.key_label;
    }

    Result<Report> run() {
        const SignalsStop signals;
        for (const Group& group : groups(ref_.quick)) {
            if (!going_on_) break;
            run_group(group);
        }
        if (refused_) return refused_error(ref_, *refused_);
        if (on_progress_) on_progress_("cleaning up");
        report_.leftovers = clean_up(ref_, pin_);
        conclude();
        return std::move(report_);
    }

    Report& report() noexcept { return report_; }

private:
    void run_group(const Group& group) {
        group_ = &group;
        std::size_t first = 0;
        for (unsigned ends = 0; first < group.steps.size() && ends < kMaxEndsOfGroup && going_on_; ++ends) {
            next_ = first;
            current_ = nullptr;
            const ChildEnd end = use_token(
                ref_, pin_, true, [&](Probe& probe) { run_steps(probe, group, first); },
                [&](const Message& message) { take(message); });
            close_step(end);
            if (end.how == Ending::done) return;
            if (end.how == Ending::interrupted) {
                report_.interrupted = true;
                going_on_ = false;
                return;
            }
            ended_in(end);
            if (current_ == nullptr) going_on_ = false;  // it does not even start: no other group would
            first = next_;
        }
    }

    // In the child.
    void run_steps(Probe& probe, const Group& group, std::size_t first) const {
        for (std::size_t i = first; i < group.steps.size(); ++i) {
            probe.report().step(group.steps[i].name, group.steps[i].patience * ref_.patience);
            group.steps[i].run(probe);
        }
    }

    void take(const Message& message) {
        const auto& f = message.fields;
        if (message.kind == "step" && next_ < group_->steps.size()) {
            begin_step(group_->steps[next_++]);
        } else if (message.kind == "finding" && f.size() == 3 && find_rule(f[0]) != nullptr) {
            if (const auto outcome = parse_outcome(f[1])) report_.findings.push_back({f[0], *outcome, f[2], where()});
        } else if (message.kind == "capability" && f.size() == 4) {
            if (const auto ability = parse_ability(f[2])) take_capability({f[0], f[1], *ability, f[3]});
        } else if (message.kind == "fact" && f.size() == 2) {
            report_.facts.push_back({f[0], f[1]});
        } else if (message.kind == "mechanism" && f.size() == 1) {
            report_.mechanisms.push_back(f[0]);
        } else if (message.kind == "failure") {
            failure_ = error_of(message).describe();
        } else if (message.kind == "refused") {
            refused_ = f.empty() ? std::string{} : f[0];
            going_on_ = false;
        }
    }

    // What several steps tell stands in the table once.
    void take_capability(Capability capability) {
        const auto same = [&](const Capability& told) {
            return told.key == capability.key && told.operation == capability.operation;
        };
        if (std::none_of(report_.capabilities.begin(), report_.capabilities.end(), same))
            report_.capabilities.push_back(std::move(capability));
    }

    std::string where() const { return group_->name + '/' + (current_ == nullptr ? "start" : current_->name); }

    void begin_step(const Step& step) {
        close_step({});
        current_ = &step;
        began_ = steady_clock::now();
        if (on_progress_) on_progress_(where());
    }

    // close_step writes down how the step that was under way went.
    void close_step(const ChildEnd& end) {
        if (current_ == nullptr && end.how == Ending::done && !failure_) return;
        std::string how = "done";
        if (failure_) how = "failed: " + *failure_;
        if (end.how == Ending::crashed) how = "crashed (" + end.detail + ")";
        if (end.how == Ending::hung) how = "hung (" + end.detail + ")";
        if (end.how == Ending::stopped) how = "ended (" + end.detail + ")";
        if (end.how == Ending::interrupted) how = "interrupted";
        const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began_);
        report_.steps.push_back({group_->name, current_ == nullptr ? "start" : current_->name, how,
                                 current_ == nullptr ? std::chrono::milliseconds{0} : taken});
        failure_.reset();
    }

    void ended_in(const ChildEnd& end) {
        const bool unusual = current_ != nullptr && current_->unusual;
        const std::string rule =
            std::string{end.how == Ending::hung ? "process.no-hang" : "process.no-crash"} + (unusual ? "-unusual" : "");
        report_.findings.push_back({rule, Outcome::broken, where() + ": " + end.detail, where()});
    }

    // conclude adds what only the whole shows.
    void conclude() {
        for (const std::string_view rule :
             {"process.no-crash", "process.no-hang", "process.no-crash-unusual", "process.no-hang-unusual"})
            report_.findings.push_back({std::string{rule}, Outcome::holds, {}, {}});  // a broken one decides
        const bool signs =
            std::any_of(report_.capabilities.begin(), report_.capabilities.end(), [](const Capability& capability) {
                const bool is_signature =
                    crypto::parse_signature_name(capability.operation.substr(0, capability.operation.find(',')))
                        .has_value() ||
                    capability.operation.starts_with("ml-dsa");
                return is_signature && capability.ability == Ability::works;
            });
        if (signs || !report_.interrupted)
            report_.findings.push_back({"sign.any",
                                        signs ? Outcome::holds : Outcome::broken,
                                        signs ? "" : "no signature algorithm works",
                                        {}});
    }

    const ModuleRef ref_;
    const Secret& pin_;
    const OnProgress& on_progress_;
    Report report_;
    const Group* group_ = nullptr;
    const Step* current_ = nullptr;
    std::size_t next_ = 0;
    steady_clock::time_point began_{};
    std::optional<std::string> failure_, refused_;
    bool going_on_ = true;
};

void add_token_facts(Report& report, const Subject& subject, const Survey& survey) {
    for (const TokenInfo& token : survey.tokens) {
        const bool is_it = token.serial == subject.token_serial && token.label == subject.token_label;
        if (!is_it) continue;
        report.facts.push_back({"token_label", token.label});
        report.facts.push_back({"token_serial", token.serial});
        report.facts.push_back({"token_manufacturer", token.manufacturer});
        report.facts.push_back({"token_model", token.model});
        report.facts.push_back({"token_hardware_version", token.hardware_version});
        report.facts.push_back({"token_firmware_version", token.firmware_version});
        return;
    }
}

}  // namespace

Result<Survey> survey(const Subject& subject) {
    const SignalsStop signals;
    const ModuleRef ref = module_ref(subject);
    Survey seen;
    std::optional<Error> failure;
    const ChildEnd end = run_child(
        Secret{}, ref.patience, true, [&](Reporter& reporter, Secret) { look(ref, reporter); },
        [&](const Message& message) {
            if (message.kind == "failure") failure = error_of(message);
            if (message.kind == "fact" && message.fields.size() == 2)
                seen.module.push_back({message.fields[0], message.fields[1]});
            if (message.kind != "token") return;
            if (auto token = token_of(message)) seen.tokens.push_back(std::move(*token));
        });
    if (stop_requested()) return interrupted();
    if (failure) return *failure;
    if (end.how != Ending::done) return lifeless(end, "when it was loaded");
    for (const Fact& fact : seen.module) {
        if (fact.name != "path") continue;
        SEALWRIGHT_TRY(const auto file, read_file(fact.value, kMaxModuleFile));
        seen.module.push_back({"sha256", crypto::sha256(file).hex()});
        break;
    }
    return seen;
}

Result<std::size_t> count_private_keys(const Subject& subject, const Secret& pin) {
    const SignalsStop signals;
    const ModuleRef ref = module_ref(subject);
    std::optional<std::size_t> count;
    std::optional<Error> failure;
    const ChildEnd end = use_token(
        ref, pin, true,
        [](Probe& probe) {
            const auto keys = pkcs11::find_objects(probe.main(), CKO_PRIVATE_KEY, {});
            if (!keys) return probe.report().failure(keys.error());
            probe.report().fact("private_keys", std::to_string(keys.value().size()));
        },
        [&](const Message& message) {
            if (message.kind == "refused")
                failure = fail(ErrorCode::denied, "the token refused the PIN; it is not tried again",
                               message.fields.empty() ? "" : message.fields[0]);
            if (message.kind == "failure") failure = error_of(message);
            if (message.kind == "fact" && message.fields.size() == 2)
                count = std::strtoul(message.fields[1].c_str(), nullptr, 10);
        });
    if (failure) return *failure;
    if (stop_requested()) return interrupted();
    if (end.how != Ending::done || !count) return lifeless(end, "at the login");
    return *count;
}

Result<Report> judge(const Subject& subject, const Survey& survey, const Secret& pin, bool quick,
                     const OnProgress& on_progress) {
    ModuleRef ref = module_ref(subject);
    ref.quick = quick;
    Judgement judgement{std::move(ref), pin, on_progress};
    judgement.report().facts = survey.module;
    add_token_facts(judgement.report(), subject, survey);
    return judgement.run();
}

}  // namespace sealwright::hsm::token_judge
