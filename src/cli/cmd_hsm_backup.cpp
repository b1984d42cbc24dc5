// hsm wrapping-key, backup, restore: keys that leave a token wrapped, and come back.
#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/token_access.hpp"
#include "cli/secret_source.hpp"
#include "cli/times.hpp"
#include "cli/wording.hpp"

namespace sealwright::cli {
namespace {

using hsm::KeyBackup;

json::object backup_json(const KeyBackup& backup) {
    return {{"key", backup.public_key.id().hex()},
            {"label", backup.label},
            {"type", crypto::key_type_name(backup.public_key.type())},
            {"mechanism", backup.mechanism},
            {"wrapping_key", backup.wrapping_label},
            {"wrapping_key_check_value", to_hex(backup.wrapping_check_value)},
            {"token_serial", backup.token_serial},
            {"token_label", backup.token_label},
            {"made_at", to_rfc3339(backup.made_at)}};
}

void show_backup(Output& output, const KeyBackup& backup) {
    Facts facts;
    facts.add("Key", backup.public_key.id().hex());
    facts.add("Label", backup.label);
    facts.add("Type", key_text(backup.public_key));
    facts.add("Wrapped by",
              backup.wrapping_label + ", check value " + to_hex(backup.wrapping_check_value) + ", " + backup.mechanism);
    facts.add("From token", backup.token_label + ", serial " + backup.token_serial);
    facts.add("Made at", to_rfc3339(backup.made_at));
    output.facts(facts);
}

}  // namespace

Result<ExitCode> hsm_wrapping_key(Context& context, const HsmBackupOptions& options) {
    SEALWRIGHT_TRY(const auto module, load_module(options));
    SEALWRIGHT_TRY(const auto chosen, choose_token(*module, options));
    SEALWRIGHT_TRY(const auto pin,
                   read_secret(options.pin, context.terminal,
                               "SO PIN of token " + chosen.label + " (serial " + chosen.serial + "):", "so-pin"));
    SEALWRIGHT_TRY(const auto made, hsm::pkcs11::create_wrapping_key(
                                        module, {.serial = chosen.serial, .label = chosen.label}, pin, options.label));
    if (context.output.wants_json()) {
        context.output.json(json::object{{"label", made.label},
                                         {"cka_id", to_hex(made.cka_id)},
                                         {"check_value", to_hex(made.check_value)},
                                         {"trusted", made.trusted}});
    } else {
        Facts facts;
        facts.add("Wrapping key", made.label);
        facts.add("CKA_ID", to_hex(made.cka_id));
        facts.add("Check value", made.check_value.empty() ? "the token gives none" : to_hex(made.check_value));
        context.output.facts(facts);
        context.output.note("Without this key no backup opens: see to it that a second token has it.");
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
