// hsm tokens, keys, evidence: looks at a token directly, with no daemon.
#include <algorithm>
#include <map>

#include "cli/commands.hpp"
#include "cli/token_access.hpp"
#include "cli/wording.hpp"
#include "hsm/signer_process/key_register.hpp"
#include "x509/certificate.hpp"

namespace sealwright::cli {
namespace {

using hsm::pkcs11::Module;
using hsm::pkcs11::Token;
using hsm::pkcs11::TokenInfo;
using hsm::pkcs11::TokenKey;
using hsm::signer_process::RegisteredKey;

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
        case came_or_left:
            return "left or came from outside";
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

// KeyRow is a key with what was asked to be shown of it.
struct KeyRow {
    TokenKey key;
    std::optional<RegisteredKey> known;  // as the signer's file has it
    std::optional<bool> satisfies;
};

Result<KeyRow> key_row(Token& token, const TokenKey& key, const std::vector<RegisteredKey>& known,
                       const HsmKeysOptions& options) {
    KeyRow row{key, std::nullopt, std::nullopt};
    const auto found = std::ranges::find(known, key.id, &RegisteredKey::id);
    if (found != known.end()) row.known = *found;
    if (!options.evidence) return row;
    SEALWRIGHT_TRY(const auto evidence, token.evidence(key.id));
    SEALWRIGHT_TRY(const auto findings, hsm::judge_evidence(evidence, options.token.evidence_template));
    row.satisfies = !x509::has_error(findings);
    return row;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
    return text.empty() ? "-" : text;
}

json::array json_texts(const std::vector<std::string>& words) {
    json::array list;
    for (const auto& word : words) list.emplace_back(word);
    return list;
}

json::object key_json(const KeyRow& row, const HsmKeysOptions& options) {
    const TokenKey& key = row.key;
    json::object told{{"id", key.id.hex()},
                      {"label", key.label},
                      {"cka_id", to_hex(key.cka_id)},
                      {"type", crypto::key_type_name(key.public_key.type())},
                      {"bits", key.public_key.bits()},
                      {"private", key.has_private},
                      {"leaves", mobility_text(key.mobility)},
                      {"spki", to_base64(key.public_key.spki().view())}};
    if (row.known) {
        told["name"] = row.known->name;
        told["purposes"] = json_texts(row.known->purposes);
        told["locations"] = json_texts(row.known->locations);
    }
    if (row.satisfies)
        told["evidence"] = json::object{{"template", options.token.evidence_template}, {"satisfied", *row.satisfies}};
    return told;
}

void print_keys(Output& output, const std::vector<KeyRow>& rows, const HsmKeysOptions& options) {
    std::vector<Column> columns{{"KEY (SHA-256 OF ITS SPKI)"}, {"LABEL"}, {"TYPE"}, {"PRIVATE HALF"}, {"LEAVES"}};
    const bool has_register = !options.signer_config.empty();
    if (has_register) {
        columns.push_back({"PURPOSES"});
        columns.push_back({"LOCATIONS"});
    }
    if (options.evidence) columns.push_back({"EVIDENCE"});
    Table table{std::move(columns)};
    for (const auto& row : rows) {
        std::vector<std::string> cells{row.key.id.hex(), row.key.label, key_text(row.key.public_key),
                                       row.key.has_private ? "yes" : "NO",
                                       row.key.has_private ? std::string{mobility_text(row.key.mobility)} : ""};
        if (has_register) {
            cells.push_back(row.known ? joined(row.known->purposes) : "-");
            const bool is_anywhere = row.known && row.known->locations.empty();
            cells.push_back(!row.known ? "-" : is_anywhere ? "any token" : joined(row.known->locations));
        }
        if (row.satisfies) cells.push_back((*row.satisfies ? "satisfies " : "NOT ") + options.token.evidence_template);
        table.add(std::move(cells));
    }
    output.table(table);
    if (!options.spki) return;
    for (const auto& row : rows) {
        output.line("");
        output.line(row.key.id.hex() + " " + row.key.label);
        output.text(x509::encode_pem("PUBLIC KEY", row.key.public_key.spki().view()));
    }
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

Result<ExitCode> hsm_keys(Context& context, const HsmKeysOptions& options) {
    std::vector<RegisteredKey> known;
    if (!options.signer_config.empty()) {
        SEALWRIGHT_TRY(known, hsm::signer_process::read_key_register(options.signer_config));
    }
    SEALWRIGHT_TRY(const auto token, open_token(context, options.token));
    SEALWRIGHT_TRY(const auto keys, token->keys());
    std::vector<KeyRow> rows;
    for (const auto& key : keys) {
        SEALWRIGHT_TRY(auto row, key_row(*token, key, known, options));
        rows.push_back(std::move(row));
    }
    if (context.output.wants_json()) {
        json::array list;
        for (const auto& row : rows) list.push_back(key_json(row, options));
        context.output.json(json::object{{"token", token_json(token->info())}, {"keys", std::move(list)}});
    } else if (rows.empty()) {
        context.output.note("The token has no key.");
    } else {
        print_keys(context.output, rows, options);
    }
    for (const auto& each : known) {
        const bool is_here = std::ranges::any_of(keys, [&](const auto& key) { return key.id == each.id; });
        if (!is_here) context.output.note("Not in this token: " + each.name + " " + each.id.hex());
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
