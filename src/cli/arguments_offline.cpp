#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "hsm/key_evidence.hpp"

namespace sealwright::cli {
namespace {

std::shared_ptr<CeremonyOptions> add_ceremony_files(CLI::App& command) {
    auto options = std::make_shared<CeremonyOptions>();
    command.add_option("SCRIPT", options->script, "The reviewed script; the same bytes in rehearsal and production")
        ->required()
        ->type_name("");
    command.add_option("--bindings", options->bindings, "What differs: tokens, machine, people")
        ->required()
        ->type_name("FILE");
    return options;
}

std::shared_ptr<CeremonyOptions> add_held_ceremony(CLI::App& command) {
    auto options = add_ceremony_files(command);
    command.add_option("--out", options->out, "The folder of the bundle; it must not exist yet")
        ->required()
        ->type_name("DIR");
    command
        .add_option("--head-file", options->head_file,
                    "Also write the head in words here, outside of DIR, for a program that verifies next")
        ->type_name("FILE");
    command.add_flag("-y,--yes", options->yes,
                     "Let the program confirm every step, for demonstrations and rehearsals on simulators; the "
                     "transcript records that nobody did");
    return options;
}

void add_ceremony(Grammar& grammar) {
    CLI::App& group = grammar.group("ceremony", "Key ceremonies (offline)");

    CLI::App& check = grammar.command(group, "check", "Find every mistake in script and bindings, days before",
                                      "  sealwright ceremony check two-tier.toml --bindings rehearsal.toml");
    grammar.runs(check, add_ceremony_files(check), ceremony_check);

    CLI::App& print =
        grammar.command(group, "print", "Print the script for the people at the table",
                        "  sealwright ceremony print two-tier.toml --bindings production.toml | lp\n"
                        "  sealwright ceremony print two-tier.toml --bindings production.toml --html > script.html");
    auto printed = add_ceremony_files(print);
    print.add_flag("--html", printed->html, "HTML instead of text with form feeds");
    grammar.runs(print, printed, ceremony_print);

    CLI::App& rehearse =
        grammar.command(group, "rehearse", "Hold it on test tokens, through the same calls",
                        "  sealwright ceremony rehearse two-tier.toml --bindings rehearsal.toml --out /media/bundle");
    grammar.runs(rehearse, add_held_ceremony(rehearse), ceremony_rehearse);

    CLI::App& run =
        grammar.command(group, "run", "Hold it with the production tokens",
                        "  sealwright ceremony run two-tier.toml --bindings production.toml --out /media/bundle");
    grammar.runs(run, add_held_ceremony(run), ceremony_run);
}

std::shared_ptr<HsmOptions> add_module(CLI::App& command) {
    auto options = std::make_shared<HsmOptions>();
    add_module_options(command, *options)->required();
    return options;
}

std::shared_ptr<HsmOptions> add_token(CLI::App& command) {
    auto options = add_module(command);
    add_token_options(command, *options);
    return options;
}

std::shared_ptr<HsmBackupOptions> add_backup(CLI::App& command, const char* pin, const char* whose) {
    auto options = std::make_shared<HsmBackupOptions>();
    add_module_options(command, *options)->required();
    add_token_choice(command, *options);
    add_pin_source(command, options->pin, pin, whose);
    return options;
}

void add_wrapping_option(CLI::App& command, HsmBackupOptions& options) {
    command.add_option("--wrapping-key", options.wrapping_key, "The label of the wrapping key")
        ->required()
        ->type_name("LABEL");
}

void add_hsm_backup(Grammar& grammar, CLI::App& group) {
    CLI::App& wrapping =
        grammar.command(group, "wrapping-key", "Have the SO make a key that wraps others for backup, or show it",
                        "  sealwright hsm wrapping-key create --label safe --module ./vendor.so\n"
                        "  sealwright hsm wrapping-key create --label safe --type RSA-3072 --module "
                        "./vendor.so\n"
                        "  sealwright hsm wrapping-key show --label safe --module ./vendor.so");
    auto made = add_backup(wrapping, "so-pin", "the SO PIN");
    wrapping.add_option("ACTION", made->action, "create, or show")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember({"create", "show"}).description(""));
    wrapping.add_option("--label", made->label, "The label of the key")->required()->type_name("LABEL");
    wrapping.add_option("--type", made->type, "AES-256, or RSA-3072 or RSA-4096, whose public half wraps (RSA-AES)")
        ->type_name("TYPE")
        ->check(CLI::IsMember({"AES-256", "RSA-3072", "RSA-4096"}).description(""))
        ->capture_default_str();
    add_pin_source(wrapping, made->user_pin, "pin", "the user PIN, for an RSA key and to show one");
    grammar.runs_contained(wrapping, made, WhenEnded::unknown, hsm_wrapping_key);

    CLI::App& backup = grammar.command(
        group, "backup", "Wrap a key of the template wrap-backup-v1 into a file",
        "  sealwright hsm backup issuing --wrapping-key safe --out issuing.backup --module ./vendor.so");
    auto backed_up = add_backup(backup, "pin", "the user PIN");
    backup.add_option("KEY", backed_up->key, "The key's identifier, its first 8 digits at least, or its label")
        ->required()
        ->type_name("");
    add_wrapping_option(backup, *backed_up);
    backup.add_option("--out", backed_up->file, "The file, which must not exist")->required()->type_name("FILE");
    grammar.runs_contained(backup, backed_up, WhenEnded::unchanged, hsm_backup);

    CLI::App& restore =
        grammar.command(group, "restore", "Unwrap a backup into a token that has the wrapping key",
                        "  sealwright hsm restore issuing.backup --wrapping-key safe --dry-run --module ./vendor.so\n"
                        "  sealwright hsm restore issuing.backup --wrapping-key safe --module ./vendor.so");
    auto restored = add_backup(restore, "pin", "the user PIN");
    restore.add_option("FILE", restored->file, "The backup")->required()->type_name("");
    add_wrapping_option(restore, *restored);
    restore.add_flag("--dry-run", restored->dry_run, "Look whether it could be restored, and change nothing");
    grammar.runs_contained(restore, restored, WhenEnded::unknown, hsm_restore);
}

void add_hsm(Grammar& grammar) {
    CLI::App& group = grammar.group("hsm", "Tokens and keys (PKCS#11, no daemon)");

    CLI::App& tokens = grammar.command(group, "tokens", "List the tokens of a module; asks for no PIN",
                                       "  sealwright hsm tokens --module /usr/lib/softhsm/libsofthsm2.so");
    grammar.runs_contained(tokens, add_module(tokens), WhenEnded::unchanged, hsm_tokens);

    CLI::App& evidence =
        grammar.command(group, "evidence", "Read back what the token says of a key, and judge it",
                        "  sealwright hsm evidence issuing --module ./vendor.so --token-label ca-issuing");
    auto judged = add_token(evidence);
    evidence
        .add_option("KEY", judged->key,
                    "The key's identifier (SHA-256 of its SPKI, or its first 8 digits at least) or its label")
        ->required()
        ->type_name("");
    add_template_option(evidence, judged->evidence_template, "What it is judged by", NoTemplate::refused);
    grammar.runs_contained(evidence, judged, WhenEnded::unchanged, hsm_evidence);
    add_hsm_backup(grammar, group);
    add_key_commands(grammar, group);
    add_judge_commands(grammar, group);
}

}  // namespace

void add_template_option(CLI::App& command, std::string& name, const std::string& what, NoTemplate none) {
    // Here, and not where the key is judged: before anybody types a PIN.
    const auto is_known = [none](const std::string& given) -> std::string {
        if (none == NoTemplate::allowed && given == "none") return {};
        const auto known = hsm::check_evidence_template(given);
        return known ? std::string{} : "'" + given + "': " + known.error().public_detail();
    };
    command.add_option("--template", name, what)->type_name("NAME")->capture_default_str()->check(is_known, "");
}

void add_secret_source(CLI::App& command, SecretOptions& options, const std::string& name, const std::string& what) {
    CLI::Option* fd =
        command.add_option("--" + name + "-fd", options.fd, "Read " + what + " from this open file descriptor")
            ->type_name("N");
    fd->check(CLI::Range(0, 1048576).description(""));
    command
        .add_option("--" + name + "-file", options.file,
                    "Read " + what + " from this file, which only its owner may read")
        ->type_name("FILE")
        ->excludes(fd);
}

void add_offline_commands(Grammar& grammar) {
    add_ceremony(grammar);
    add_hsm(grammar);
}

}  // namespace sealwright::cli
