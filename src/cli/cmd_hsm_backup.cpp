// hsm wrapping-key, backup, restore: keys that leave a token wrapped, and come back.
#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/secret_source.hpp"
#include "cli/times.hpp"
#include "cli/token_access.hpp"
#include "cli/wording.hpp"

namespace sealwright::cli {
namespace {

using hsm::KeyBackup;

json::object backup_json(const KeyBackup& backup) {
    json::object told{{"key", backup.public_key.id().hex()},
                      {"label", backup.label},
                      {"type", crypto::key_type_name(backup.public_key.type())},
                      {"mechanism", backup.mechanism},
                      {"wrapping_key", backup.wrapping_label},
                      {"wrapping_key_check_value", to_hex(backup.wrapping_check_value)},
                      {"token_serial", backup.token_serial},
                      {"token_label", backup.token_label},
                      {"made_at", to_rfc3339(backup.made_at)}};
    if (backup.rsa_aes) told["oaep_digest"] = crypto::digest_name(backup.rsa_aes->oaep_digest);
    return told;
}

void show_backup(Output& output, const KeyBackup& backup) {
    Facts facts;
    facts.add("Key", backup.public_key.id().hex());
    facts.add("Label", backup.label);
    facts.add("Type", key_text(backup.public_key));
    const std::string oaep =
        backup.rsa_aes ? " (OAEP " + std::string{crypto::digest_name(backup.rsa_aes->oaep_digest)} + ")" : "";
    facts.add("Wrapped by", backup.wrapping_label + (backup.rsa_aes ? ", SHA-256 of its SPKI " : ", check value ") +
                                to_hex(backup.wrapping_check_value) + ", " + backup.mechanism + oaep);
    facts.add("From token", backup.token_label + ", serial " + backup.token_serial);
    facts.add("Made at", to_rfc3339(backup.made_at));
    output.facts(facts);
}

// make_wrapping_key asks for the SO's PIN, and for an RSA key for the user's as well.
Result<hsm::pkcs11::WrappingKey> make_wrapping_key(Context& context, const HsmBackupOptions& options,
                                                   const std::shared_ptr<hsm::pkcs11::Module>& module,
                                                   const hsm::pkcs11::TokenInfo& token) {
    const std::string of_token = " PIN of token " + token.label + " (serial " + token.serial + "):";
    const hsm::pkcs11::TokenSelector selector{.serial = token.serial, .label = token.label};
    SEALWRIGHT_TRY(const auto so_pin, read_secret(options.pin, context.terminal, "SO" + of_token, "so-pin"));
    if (options.type == "AES-256") return hsm::pkcs11::create_wrapping_key(module, selector, so_pin, options.label);
    SEALWRIGHT_TRY(const auto pin, read_secret(options.user_pin, context.terminal, "User" + of_token, "pin"));
    return hsm::pkcs11::create_rsa_wrapping_key(module, selector, {so_pin, pin}, options.label,
                                                options.type == "RSA-4096" ? 4096 : 3072);
}

std::string type_text(const hsm::pkcs11::WrappingKey& key) {
    return key.public_key ? "RSA-" + std::to_string(key.public_key->bits()) : "AES";
}

json::object wrapping_key_json(const hsm::pkcs11::WrappingKey& key, const std::string& type) {
    json::object told{{"label", key.label},
                      {"type", type},
                      {"cka_id", to_hex(key.cka_id)},
                      {"check_value", to_hex(key.check_value)},
                      {"trusted", key.trusted}};
    if (key.public_key) told["spki"] = to_base64(key.public_key->spki().view());
    return told;
}

Facts wrapping_key_facts(const hsm::pkcs11::WrappingKey& key, const std::string& type) {
    Facts facts;
    facts.add("Wrapping key", key.label + ", " + type);
    facts.add("CKA_ID", to_hex(key.cka_id));
    facts.add(key.public_key ? "SHA-256 of its SPKI" : "Check value",
              key.check_value.empty() ? "the token gives none" : to_hex(key.check_value));
    return facts;
}

// show_wrapping_key: what is compared in a second token, and whether backup and restore would take the key. It exits
// with 1 where they would not.
Result<ExitCode> show_wrapping_key(Context& context, HsmBackupOptions options) {
    options.pin = options.user_pin;
    SEALWRIGHT_TRY(const auto token, open_token(context, options));
    SEALWRIGHT_TRY(const auto key, token->find_wrapping_key(options.label));
    const bool is_fit = key.trusted && key.fault.empty();
    if (context.output.wants_json()) {
        json::object told = wrapping_key_json(key, type_text(key));
        told["token_serial"] = token->info().serial;
        told["fault"] = nullptr;
        if (!key.fault.empty()) told["fault"] = key.fault;
        told["fit"] = is_fit;
        context.output.json(told);
    } else {
        Facts facts = wrapping_key_facts(key, type_text(key));
        facts.add("Token", token->info().label + ", serial " + token->info().serial);
        facts.add("Trusted", key.trusted ? "yes" : "NO: its SO has not marked it (CKA_TRUSTED)");
        facts.add("What it unwraps",
                  key.fault.empty() ? "is private, sensitive, and wrapped by trusted keys alone (CKA_UNWRAP_TEMPLATE)"
                                    : "NOT SURELY SECRET: " + key.fault);
        context.output.facts(facts);
        context.output.note(is_fit ? "Of the same key in another token this shows the same " +
                                         std::string{key.public_key ? "SHA-256." : "check value."}
                                   : "No backup is made or restored by this key.");
    }
    return is_fit ? ExitCode::done : ExitCode::failed;
}

}  // namespace

Result<ExitCode> hsm_wrapping_key(Context& context, const HsmBackupOptions& options) {
    if (options.action == "show") return show_wrapping_key(context, options);
    SEALWRIGHT_TRY(const auto module, load_module(options));
    SEALWRIGHT_TRY(const auto chosen, choose_token(*module, options));
    SEALWRIGHT_TRY(const auto made, make_wrapping_key(context, options, module, chosen));
    const bool is_rsa = made.public_key.has_value();
    if (context.output.wants_json()) {
        context.output.json(wrapping_key_json(made, options.type));
    } else {
        context.output.facts(wrapping_key_facts(made, options.type));
        context.output.note(is_rsa ? "Without its private half no backup opens: see to it that a second token has it."
                                   : "Without this key no backup opens: see to it that a second token has it.");
    }
    return ExitCode::done;
}

Result<ExitCode> hsm_backup(Context& context, const HsmBackupOptions& options) {
    SEALWRIGHT_TRY(const auto token, open_token(context, options));
    SEALWRIGHT_TRY(const auto key, find_key(*token, options.key));
    SEALWRIGHT_TRY(const auto backup, token->back_up(key.id, options.wrapping_key, context.clock.now()));
    SEALWRIGHT_TRY(create_file_exclusively(options.file, hsm::key_backup_der(backup), 0600));
    if (context.output.wants_json()) {
        context.output.json(json::object{{"backup", backup_json(backup)}, {"file", options.file}});
    } else {
        show_backup(context.output, backup);
        context.output.note("Written to " + options.file + ". Restore it into a second token before you rely on it.");
    }
    return ExitCode::done;
}

Result<ExitCode> hsm_restore(Context& context, const HsmBackupOptions& options) {
    SEALWRIGHT_TRY(const auto octets, read_file(options.file, hsm::kMaxKeyBackup));
    SEALWRIGHT_TRY(const auto backup, hsm::parse_key_backup(octets));
    SEALWRIGHT_TRY(const auto token, open_token(context, options));
    if (!context.output.wants_json()) show_backup(context.output, backup);
    if (options.dry_run) {
        SEALWRIGHT_TRY(token->check_restore(backup, options.wrapping_key));
    } else {
        SEALWRIGHT_TRY(token->restore(backup, options.wrapping_key));
    }
    if (context.output.wants_json()) {
        context.output.json(json::object{{"backup", backup_json(backup)}, {"restored", !options.dry_run}});
    } else if (options.dry_run) {
        context.output.note("The token has the wrapping key and not the key. Nothing was changed.");
    } else {
        context.output.note(
            "Restored, and proved by a signature to be this key. Its provenance is lost: keep the evidence of the "
            "original.");
    }
    return ExitCode::done;
}

}  // namespace sealwright::cli
