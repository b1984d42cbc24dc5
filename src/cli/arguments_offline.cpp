#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

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
    command.add_option("--module", options->module, "The PKCS#11 module")->required()->type_name("PATH");
    command.add_option("--module-init-args", options->init_args, "Init arguments of the module (NSS needs them)")
        ->type_name("TEXT");
    return options;
}

std::shared_ptr<HsmOptions> add_token(CLI::App& command) {
    auto options = add_module(command);
    command.add_option("--token-serial", options->token_serial, "The token with this serial number")
        ->type_name("SERIAL");
    command.add_option("--token-label", options->token_label, "The token with this label")->type_name("LABEL");
    add_secret_source(command, options->pin, "pin", "the user PIN");
    return options;
}

void add_hsm(Grammar& grammar) {
    CLI::App& group = grammar.group("hsm", "Tokens and keys (PKCS#11, no daemon)");

    CLI::App& tokens = grammar.command(group, "tokens", "List the tokens of a module; asks for no PIN",
                                       "  sealwright hsm tokens --module /usr/lib/softhsm/libsofthsm2.so");
    grammar.runs(tokens, add_module(tokens), hsm_tokens);

    CLI::App& keys =
        grammar.command(group, "keys", "List the keys of a token with their identifiers",
                        "  sealwright hsm keys --module /usr/lib/softhsm/libsofthsm2.so --token-label ca-issuing\n"
                        "  sealwright hsm keys --module ./vendor.so --token-serial 4821 --pin-fd 3 3< pin --json");
    grammar.runs(keys, add_token(keys), hsm_keys);

    CLI::App& evidence =
        grammar.command(group, "evidence", "Read back what the token says of a key, and judge it",
                        "  sealwright hsm evidence issuing --module ./vendor.so --token-label ca-issuing");
    auto judged = add_token(evidence);
    evidence
        .add_option("KEY", judged->key, "The key's identifier (SHA-256 of its SPKI, or its first digits) or its label")
        ->required()
        ->type_name("");
    evidence.add_option("--template", judged->evidence_template, "What it is judged by")
        ->type_name("NAME")
        ->capture_default_str();
    grammar.runs(evidence, judged, hsm_evidence);
    add_judge_commands(grammar, group);
}

}  // namespace

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
