#include "ceremonies/runner/steps.hpp"

#include <stdexcept>

#include "audit/checkpoint.hpp"
#include "ceremonies/runner/text.hpp"

namespace sealwright::ceremonies {
namespace {

constexpr unsigned kMaxAnswers = 3;

std::string_view severity_name(x509::Severity severity) {
    switch (severity) {
        case x509::Severity::note:
            return "note";
        case x509::Severity::warning:
            return "warning";
        case x509::Severity::error:
            break;
    }
    return "error";
}

}  // namespace

JsonArray findings_json(const x509::Findings& findings) {
    JsonArray out;
    for (const auto& finding : findings) {
        out.push_back(JsonObject{{"clause", finding.clause},
                                 {"code", finding.code},
                                 {"detail", finding.detail},
                                 {"severity", std::string{severity_name(finding.severity)}}});
    }
    return out;
}

std::string findings_text(const x509::Findings& findings) {
    std::string out;
    for (const auto& finding : findings) {
        if (!out.empty()) out += "\n";
        out += std::string{severity_name(finding.severity)} + " " + finding.code + ": " + finding.detail +
               (finding.clause.empty() ? "" : " (" + finding.clause + ")");
    }
    return out;
}

Result<void> StepRun::keep(const std::string& file, std::string_view kind, ByteView content, JsonObject details) {
    SEALWRIGHT_TRY(stage_.recorder.keep({file, std::string{kind}, bytes_of(content), std::move(details)}, step_.id));
    made_.files.push_back({file, std::string{kind}, crypto::sha256(content)});
    return success();
}

Result<void> StepRun::deviate(const std::string& what, const std::string& detail) {
    made_.deviations.push_back("step '" + step_.id + "': " + what + (detail.empty() ? "" : ": " + detail));
    return record("deviation", {{"detail", detail}, {"ends", false}, {"error", ""}, {"what", what}});
}

UtcTime StepRun::signing_time() const { return stage_.inputs.bindings.signing_time.value_or(stage_.clock.now()); }

Result<IntentId> StepRun::before_use(std::string_view operation, JsonObject body) {
    const auto intent = crypto::random_id<IntentId>(stage_.random);
    body["intent"] = intent.hex();
    body["op"] = std::string{operation};
    SEALWRIGHT_TRY(record("p11.intent", std::move(body)));
    return intent;
}

Result<void> StepRun::after_use(std::string_view operation, const IntentId& intent, JsonObject body) {
    body["intent"] = intent.hex();
    body["op"] = std::string{operation};
    body["outcome"] = "ok";
    return record("p11.result", std::move(body));
}

Error StepRun::use_failed(std::string_view operation, const IntentId& intent, const Error& error) {
    (void)record("p11.result", {{"detail", error.describe()},
                                {"error", std::string{error_code_name(error.code())}},
                                {"intent", intent.hex()},
                                {"op", std::string{operation}},
                                {"outcome", "failed"}});
    return error;
}

const MadeKey& StepRun::key_of(const std::string& step) const {
    const auto* made = made_.key(step);
    if (made == nullptr) throw std::logic_error("a step refers to a key that was not made: " + step);
    return *made;
}

const MadeCertificate& StepRun::certificate_of(const std::string& step) const {
    const auto* made = made_.certificate(step);
    if (made == nullptr) throw std::logic_error("a step refers to a certificate that was not made: " + step);
    return *made;
}

// confirmed_by asks until the initials are those of one who holds the role.
Result<Confirmation> StepRun::confirmed_by(const Role& role, const std::string& text) {
    const auto people = stage_.inputs.bindings.holders(role.id);
    for (unsigned attempt = 0; attempt < kMaxAnswers; ++attempt) {
        SEALWRIGHT_TRY(auto answer, stage_.desk.confirm({step_.id, role.title, people, text}));
        for (const auto& person : people) {
            if (person.initials != answer.initials) continue;
            SEALWRIGHT_TRY(record("confirmation", {{"attended", answer.attended},
                                                   {"confirmed", answer.confirmed},
                                                   {"initials", answer.initials},
                                                   {"name", person.name},
                                                   {"reason", answer.reason},
                                                   {"role", role.id},
                                                   {"text", text}}));
            ++made_.confirmations;
            if (!answer.attended) ++made_.unattended;
            return answer;
        }
        show("'" + clean_text(answer.initials) + "' are not the initials of anybody who is " + role.title);
    }
    return fail(ErrorCode::denied, "nobody of the role '" + role.id + "' answered");
}

Result<void> StepRun::perform(const ConfirmStep& work) {
    SEALWRIGHT_TRY(const auto answer, confirmed_by(*stage_.inputs.script.role(step_.by), work.text));
    if (answer.confirmed) return success();
    if (step_.on_fail == OnFail::deviation) return deviate("was not confirmed", answer.reason);
    return fail(ErrorCode::denied, "was not confirmed: " + answer.reason);
}

Result<void> StepRun::perform(const OpenTokenStep& work) {
    const TokenBinding& binding = *stage_.inputs.bindings.token(work.token);
    SEALWRIGHT_TRY(const auto intent,
                   before_use("login", {{"label", binding.label}, {"serial", binding.serial}, {"token", work.token}}));
    auto opened = stage_.house.open(binding);
    if (!opened) return use_failed("login", intent, opened.error());
    const auto& info = opened.value()->info();
    SEALWRIGHT_TRY(after_use("login", intent,
                             {{"firmware", info.firmware_version},
                              {"hardware", info.hardware_version},
                              {"label", info.label},
                              {"manufacturer", info.manufacturer},
                              {"model", info.model},
                              {"serial", info.serial},
                              {"token", work.token}}));
    made_.tokens[step_.id] = {work.token, opened.value()};
    show("token '" + clean_text(info.label) + "', serial " + clean_text(info.serial) + ", " +
         clean_text(info.manufacturer) + " " + clean_text(info.model));
    return success();
}

Result<void> StepRun::perform(const GenerateStep& work) {
    const auto& [role, token] = made_.tokens.at(work.token_step);
    hsm::pkcs11::KeySpec spec{work.type, work.rsa_bits, work.label, work.evidence_template, {}};
    SEALWRIGHT_TRY(const auto intent,
                   before_use("generate", {{"bits", std::uint64_t{work.rsa_bits}},
                                           {"key_type", std::string{crypto::key_type_name(work.type)}},
                                           {"label", work.label},
                                           {"template", work.evidence_template},
                                           {"token", role}}));
    auto key = token->generate(spec);
    if (!key) return use_failed("generate", intent, key.error());
    JsonArray dropped;
    for (const auto& attribute : key.value().dropped_attributes) dropped.push_back(attribute);
    SEALWRIGHT_TRY(after_use("generate", intent,
                             {{"cka_id", to_hex(key.value().cka_id)},
                              {"dropped_attributes", std::move(dropped)},
                              {"key", key.value().id.hex()},
                              {"label", key.value().label},
                              {"spki", to_base64(key.value().public_key.spki().view())},
                              {"token", role}}));
    SEALWRIGHT_TRY(const MadeKey* made, add_key(work, std::move(key.value()), false));
    if (work.artefact.empty()) return success();
    const std::string pem = x509::encode_pem("PUBLIC KEY", made->key.public_key.spki().view());
    return keep("artefacts/" + work.artefact, "public-key", view_of(pem), {{"key", made->key.id.hex()}});
}

Result<void> StepRun::perform(const FindKeyStep& work) {
    const auto& role = made_.tokens.at(work.token_step).role;
    const KeyId wanted = stage_.inputs.bindings.keys.at(work.spki);
    SEALWRIGHT_TRY(const auto intent, before_use("find", {{"key", wanted.hex()},
                                                          {"label", work.label},
                                                          {"template", work.evidence_template},
                                                          {"token", role}}));
    auto key = find_key(work, wanted);
    if (!key) return use_failed("find", intent, key.error());
    SEALWRIGHT_TRY(after_use("find", intent,
                             {{"cka_id", to_hex(key.value().cka_id)},
                              {"key", key.value().id.hex()},
                              {"label", key.value().label},
                              {"spki", to_base64(key.value().public_key.spki().view())},
                              {"token", role}}));
    SEALWRIGHT_TRY(add_key(work, std::move(key.value()), true));
    return success();
}

Result<hsm::pkcs11::TokenKey> StepRun::find_key(const KeyDemand& work, const KeyId& wanted) {
    const auto& token = made_.tokens.at(work.token_step).token;
    if (with_throw_away_keys())
        return token->generate({work.type, work.rsa_bits, work.label, work.evidence_template, {}});
    SEALWRIGHT_TRY(const auto keys, token->keys());
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.id == wanted; });
    if (found == keys.end() || !found->has_private)
        return fail(ErrorCode::not_found, "the token does not hold the key that the bindings name", wanted.hex());
    const bool as_demanded = found->label == work.label && found->public_key.type() == work.type &&
                             (work.rsa_bits == 0 || found->public_key.bits() == work.rsa_bits);
    if (!as_demanded)
        return fail(ErrorCode::denied, "the key that the bindings name has another label or kind than in the script",
                    "its label is '" + found->label + "'");
    return *found;
}

Result<MadeKey*> StepRun::add_key(const KeyDemand& work, hsm::pkcs11::TokenKey key, bool found) {
    const auto& [role, token] = made_.tokens.at(work.token_step);
    SEALWRIGHT_TRY(crypto::check_strength(key.public_key));
    made_.keys.push_back(
        {step_.id, role, token->info(), token, std::move(key), work.evidence_template, {}, stage_.clock.now(), found});
    MadeKey& made = made_.keys.back();
    show(std::string{crypto::key_type_name(made.key.public_key.type())} + " key '" + work.label +
         "', SHA-256 of its public key " + made.key.id.hex());
    SEALWRIGHT_TRY(judge(made));
    return &made;
}

// judge reads back what the token says of the key. An error among the findings ends the ceremony: the key must not be
// used.
Result<void> StepRun::judge(MadeKey& made) {
    if (!stage_.house.keeps_evidence()) return success();
    SEALWRIGHT_TRY(const auto intent, before_use("evidence", {{"key", made.key.id.hex()}, {"token", made.token}}));
    auto evidence = made.holder->evidence(made.key.id);
    if (!evidence) return use_failed("evidence", intent, evidence.error());
    const std::string json = hsm::evidence_json(evidence.value());
    SEALWRIGHT_TRY(after_use(
        "evidence", intent,
        {{"key", made.key.id.hex()}, {"sha256", crypto::sha256(view_of(json)).hex()}, {"token", made.token}}));
    const std::string file = "evidence/" + step_.id + ".json";
    SEALWRIGHT_TRY(keep(file, "evidence", view_of(json), {{"key", made.key.id.hex()}}));
    SEALWRIGHT_TRY(made.evidence_findings, hsm::judge_evidence(evidence.value(), made.evidence_template));
    const bool refused = x509::has_error(made.evidence_findings);
    SEALWRIGHT_TRY(record("evidence", {{"file", file},
                                       {"findings", findings_json(made.evidence_findings)},
                                       {"key", made.key.id.hex()},
                                       {"template", made.evidence_template},
                                       {"verdict", refused ? "refused" : "accepted"}}));
    if (refused)
        return fail(ErrorCode::denied, "the key is not what the script demands", findings_text(made.evidence_findings));
    return success();
}

Result<Bytes> StepRun::sign(const MadeKey& key, hsm::Purpose purpose, const crypto::SignatureAlgorithm& algorithm,
                            ByteView tbs) {
    SEALWRIGHT_TRY(const auto intent, before_use("sign", {{"algorithm", crypto::signature_name(algorithm)},
                                                          {"key", key.key.id.hex()},
                                                          {"purpose", std::string{hsm::purpose_name(purpose)}},
                                                          {"tbs_sha256", crypto::sha256(tbs).hex()},
                                                          {"token", key.token}}));
    auto signature = key.holder->sign({key.key.id, purpose, algorithm, intent, tbs});
    if (!signature) return use_failed("sign", intent, signature.error());
    const auto verified = key.key.public_key.verify(algorithm, tbs, signature.value());
    if (!verified) return use_failed("sign", intent, verified.error().in("the token's signature does not hold"));
    SEALWRIGHT_TRY(after_use("sign", intent,
                             {{"key", key.key.id.hex()},
                              {"signature_sha256", crypto::sha256(signature.value()).hex()},
                              {"token", key.token}}));
    ++made_.signatures;
    return std::move(signature.value());
}

Result<void> StepRun::record_lint(std::string_view what, ByteView tbs, const x509::Findings& findings,
                                  JsonObject body) {
    const bool refused = x509::has_error(findings);
    body["findings"] = findings_json(findings);
    body["tbs_sha256"] = crypto::sha256(tbs).hex();
    body["verdict"] = refused ? "refused" : "accepted";
    body["what"] = std::string{what};
    SEALWRIGHT_TRY(record("lint", std::move(body)));
    if (refused) return fail(ErrorCode::lint, "the linter refuses the " + std::string{what}, findings_text(findings));
    for (const auto& finding : findings)
        made_.lint_warnings.push_back("step '" + step_.id + "': " + findings_text({finding}));
    return success();
}

Result<void> StepRun::perform(const SignerConfigStep& work) {
    SEALWRIGHT_TRY(const auto toml, signer_keys_toml(work, stage_.inputs, made_));
    show("limits of " + std::to_string(work.keys.size()) + " keys for sealwright-signer");
    return keep("artefacts/" + work.artefact, "signer-keys", view_of(toml), {});
}

Result<void> StepRun::perform(const CloseStep& work) {
    made_.closing.key_step = work.key;
    if (!work.log.empty()) made_.closing.origin = stage_.inputs.bindings.logs.at(work.log);
    return success();
}

}  // namespace sealwright::ceremonies
