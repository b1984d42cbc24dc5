// hsm tokens, keys, evidence: looks at a token directly, with no daemon.
#include <map>

#include "cli/commands.hpp"
#include "cli/hsm_opening.hpp"
#include "cli/secret_source.hpp"
#include "cli/wording.hpp"
#include "hsm/pkcs11/token.hpp"

namespace sealwright::cli {
namespace {

using hsm::pkcs11::Module;
using hsm::pkcs11::Token;
using hsm::pkcs11::TokenInfo;
using hsm::pkcs11::TokenKey;

constexpr std::size_t kLeastKeyPrefix = 8;

std::string pin_state(const TokenInfo& token) {
    if (!token.initialized) return "not initialised";
    if (token.user_pin_locked) return "PIN LOCKED";
    if (token.user_pin_final_try) return "one PIN try left";
    if (token.user_pin_count_low) return "wrong PIN before";
    return token.login_required ? "ready" : "needs no login";
}

json::object token_json(const TokenInfo& token) {
    return {{"slot", token.slot_id},
            {"label", token.label},
            {"serial", token.serial},
            {"manufacturer", token.manufacturer},
            {"model", token.model},
            {"hardware_version", token.hardware_version},
            {"firmware_version", token.firmware_version},
            {"initialized", token.initialized},
            {"login_required", token.login_required},
            {"write_protected", token.write_protected},
            {"user_pin_count_low", token.user_pin_count_low},
            {"user_pin_final_try", token.user_pin_final_try},
            {"user_pin_locked", token.user_pin_locked}};
}

std::string_view mobility_text(hsm::pkcs11::KeyMobility mobility) noexcept {
    using enum hsm::pkcs11::KeyMobility;
    switch (mobility) {
        case stays:
            return "no";
        case can_leave_wrapped:
            return "can leave (wrapped)";
        case can_leave:
            return "CAN LEAVE";
        case restored:
            return "restored";
        case unknown:
            break;
    }
    return "unknown";
}

json::object module_json(const Module& module) {
    const auto& info = module.info();
    return {{"path", info.path},
            {"manufacturer", info.manufacturer},
            {"description", info.description},
            {"library_version", info.library_version},
            {"cryptoki_version", info.cryptoki_version},
            {"sha256", info.file_sha256.hex()}};
}

}  // namespace

Result<std::shared_ptr<Module>> load_module(const HsmOptions& options) {
    auto module = Module::load(options.module, options.init_args);
    if (module) return module;
    return with_advice(module.error(), "Is " + options.module +
                                           " the PKCS#11 library of your HSM, and built for this machine? SoftHSM's is "
                                           "/usr/lib/softhsm/libsofthsm2.so.");
}

Result<TokenInfo> choose_token(const Module& module, const HsmOptions& options) {
    SEALWRIGHT_TRY(const auto tokens, module.tokens());
    std::vector<TokenInfo> matching;
    std::string labels;
    for (const auto& token : tokens) {
        if (!token.initialized) continue;
        labels += "\n" + token.label + " (serial " + token.serial + ")";
        const bool serial_fits = options.token_serial.empty() || options.token_serial == token.serial;
        const bool label_fits = options.token_label.empty() || options.token_label == token.label;
        if (serial_fits && label_fits) matching.push_back(token);
    }
    if (matching.size() == 1) return matching.front();
    const std::string advice =
        labels.empty() ? "The module has no initialised token: sealwright hsm tokens --module " + options.module
                       : "Name one with --token-serial or --token-label. The module has:" + labels;
    return matching.empty()
               ? with_advice(fail(ErrorCode::not_found, "no token matches"), advice)
               : with_advice(fail(ErrorCode::denied, std::to_string(matching.size()) + " tokens match"), advice);
}

Result<std::shared_ptr<Token>> open_token(Context& context, const HsmOptions& options) {
    SEALWRIGHT_TRY(const auto module, load_module(options));
    SEALWRIGHT_TRY(const auto chosen, choose_token(*module, options));
    Secret pin;
    if (chosen.login_required) {
        SEALWRIGHT_TRY(pin, read_secret(options.pin, context.terminal,
                                        "PIN of token " + chosen.label + " (serial " + chosen.serial + "):", "pin"));
    }
    return Token::open(module, {.serial = chosen.serial, .label = chosen.label}, std::move(pin));
}

Result<TokenKey> find_key(Token& token, const std::string& wanted) {
    SEALWRIGHT_TRY(const auto keys, token.keys());
    std::vector<TokenKey> found;
    for (const auto& key : keys) {
        const bool by_id = wanted.size() >= kLeastKeyPrefix && key.id.hex().starts_with(wanted);
        if (by_id || key.label == wanted) found.push_back(key);
    }
    if (found.size() == 1) return found.front();
    const std::string advice = "List the keys with: sealwright hsm keys";
    return found.empty() ? with_advice(fail(ErrorCode::not_found, "the token has no key '" + wanted + "'"), advice)
                         : with_advice(fail(ErrorCode::denied, std::to_string(found.size()) + " keys are called '" +
                                                                   wanted + "'; use the identifier"),
                                       advice);
}

namespace {

std::string_view severity_name(x509::Severity severity) noexcept {
    switch (severity) {
        case x509::Severity::note:
            return "note";
        case x509::Severity::warning:
            return "warning";
        case x509::Severity::error:
            return "ERROR";
    }
    return "ERROR";
}

void print_evidence(Output& output, const hsm::KeyEvidence& evidence, const x509::Findings& findings,
                    const std::string& evidence_template) {
    Facts facts;
    facts.add("Key", evidence.key.hex());
    facts.add("Label", evidence.label);
    facts.add("CKA_ID", to_hex(evidence.cka_id));
    facts.add("Token", evidence.token_label + ", serial " + evidence.token_serial + ", " + evidence.token_manufacturer +
                           ' ' + evidence.token_model + ", firmware " + evidence.token_firmware);
    output.facts(facts);
    output.line("");
    // An absent attribute is neither true nor false; which ones are, and why, is shown below those that are there.
    Table table{{{"OBJECT"}, {"ATTRIBUTE"}, {"VALUE", false, true}}};
    std::map<std::string, std::vector<std::string>> absent;
    for (const auto& item : evidence.items) {
        if (item.value) {
            table.add({item.object, item.attribute, *item.value});
        } else {
            absent[item.why_absent].push_back(item.object + ' ' + item.attribute);
        }
    }
    output.table(table);
    for (const auto& [why, attributes] : absent) {
        output.line("");
        output.line("Absent, " + why + ":");
        for (const auto& attribute : attributes) output.line("  " + attribute);
    }
    output.line("");
    for (const auto& finding : findings) {
        output.line(std::string{severity_name(finding.severity)} + ": " + finding.detail + " [" + finding.code + "]");
    }
    output.line(x509::has_error(findings) ? "The key does NOT satisfy " + evidence_template + "."
                                          : "The key satisfies " + evidence_template + ".");
    output.line("This is the module's word, not a proof: see docs/threat-model.md.");
}

Result<void> print_evidence_json(Output& output, const hsm::KeyEvidence& evidence, const x509::Findings& findings,
                                 const std::string& evidence_template) {
    SEALWRIGHT_TRY(auto read, parse_json(hsm::evidence_json(evidence)));
    json::array told;
    for (const auto& finding : findings) {
        const std::string_view severity =
            finding.severity == x509::Severity::error ? "error" : severity_name(finding.severity);
        told.push_back(json::object{
            {"code", finding.code}, {"severity", severity}, {"clause", finding.clause}, {"detail", finding.detail}});
    }
    output.json(json::object{{"evidence", std::move(read)},
                             {"template", evidence_template},
                             {"satisfied", !x509::has_error(findings)},
                             {"findings", std::move(told)}});
    return success();
}

}  // namespace

Result<ExitCode> hsm_tokens(Context& context, const HsmOptions& options) {
    SEALWRIGHT_TRY(const auto module, load_module(options));
    SEALWRIGHT_TRY(const auto tokens, module->tokens());
    if (context.output.wants_json()) {
        json::array list;
        for (const auto& token : tokens) list.push_back(token_json(token));
        context.output.json(json::object{{"module", module_json(*module)}, {"tokens", std::move(list)}});
        return ExitCode::done;
    }
    Table table{{{"SLOT", true}, {"LABEL"}, {"SERIAL"}, {"STATE"}, {"MODEL"}, {"FIRMWARE"}}};
    for (const auto& token : tokens) {
        table.add({std::to_string(token.slot_id), token.label, token.serial, pin_state(token), token.model,
                   token.firmware_version});
    }
    context.output.note(module->info().description + ", library " + module->info().library_version + ", SHA-256 " +
                        module->info().file_sha256.hex());
    if (table.empty()) {
        context.output.note("The module sees no token.");
    } else {
        context.output.table(table);
    }
    return ExitCode::done;
}

Result<ExitCode> hsm_keys(Context& context, const HsmOptions& options) {
    SEALWRIGHT_TRY(const auto token, open_token(context, options));
    SEALWRIGHT_TRY(const auto keys, token->keys());
    json::array list;
    Table table{{{"KEY (SHA-256 OF ITS SPKI)"}, {"LABEL"}, {"TYPE"}, {"PRIVATE HALF"}, {"LEAVES"}}};
    for (const auto& key : keys) {
        table.add({key.id.hex(), key.label, key_text(key.public_key), key.has_private ? "yes" : "NO",
                   key.has_private ? std::string{mobility_text(key.mobility)} : ""});
        list.push_back(json::object{{"id", key.id.hex()},
                                    {"label", key.label},
                                    {"cka_id", to_hex(key.cka_id)},
                                    {"type", crypto::key_type_name(key.public_key.type())},
                                    {"bits", key.public_key.bits()},
                                    {"private", key.has_private},
                                    {"leaves", mobility_text(key.mobility)}});
    }
    if (context.output.wants_json()) {
        context.output.json(json::object{{"token", token_json(token->info())}, {"keys", std::move(list)}});
    } else if (table.empty()) {
        context.output.note("The token has no key.");
    } else {
        context.output.table(table);
    }
    return ExitCode::done;
}

Result<ExitCode> hsm_evidence(Context& context, const HsmOptions& options) {
    SEALWRIGHT_TRY(const auto token, open_token(context, options));
    SEALWRIGHT_TRY(const auto key, find_key(*token, options.key));
    SEALWRIGHT_TRY(const auto evidence, token->evidence(key.id));
    SEALWRIGHT_TRY(const auto findings, hsm::judge_evidence(evidence, options.evidence_template));
    if (context.output.wants_json()) {
        SEALWRIGHT_TRY(print_evidence_json(context.output, evidence, findings, options.evidence_template));
    } else {
        print_evidence(context.output, evidence, findings, options.evidence_template);
    }
    return x509::has_error(findings) ? ExitCode::failed : ExitCode::done;
}

}  // namespace sealwright::cli
