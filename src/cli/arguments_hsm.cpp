// hsm keys, enrol and pin: the keys of a token, where else they are, and its PIN.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace sealwright::cli {
namespace {

constexpr const char* kSerial = "SERIAL";

void add_keys(Grammar& grammar, CLI::App& hsm) {
    CLI::App& keys = grammar.command(
        hsm, "keys", "List the keys of a token with their identifiers",
        "  sealwright hsm keys --module /usr/lib/softhsm/libsofthsm2.so --token-label ca-issuing\n"
        "  sealwright hsm keys --module ./vendor.so --token-serial 4821 --pin-fd 3 3< pin --json\n"
        "  sealwright hsm keys --module ./vendor.so --signer-config /etc/sealwright/signer.toml --evidence");
    auto options = std::make_shared<HsmKeysOptions>();
    add_module_options(keys, options->token)->required();
    add_token_options(keys, options->token);
    keys.add_option("--signer-config", options->signer_config,
                    "Also show what this configuration of the signer lets each key sign, and where it is")
        ->type_name("FILE");
    keys.add_flag("--spki", options->spki, "Also show each SubjectPublicKeyInfo, as PEM");
    keys.add_flag("--evidence", options->evidence, "Also judge each key by --template");
    add_template_option(keys, options->token.evidence_template, "What --evidence judges by", NoTemplate::refused);
    grammar.runs_contained(keys, options, WhenEnded::unchanged, hsm_keys);
}

void add_enrol(Grammar& grammar, CLI::App& hsm) {
    CLI::App& enrol = grammar.command(
        hsm, "enrol", "Prove that a second or replaced token holds a key, and record it",
        "  sealwright hsm enrol issuing --module ./vendor.so --token-serial 4822 --out issuing-4822.json --signer-keys "
        "signer-keys.toml\n"
        "  sealwright hsm enrol --spki issuing.pem --module ./vendor.so --token-serial 4822 --out issuing-4822.json");
    auto options = std::make_shared<HsmEnrolOptions>();
    CLI::Option* key = enrol.add_option("KEY", options->token.key,
                                        "The key's identifier, all of its digits, or its name in --signer-keys");
    key->type_name("");
    enrol.add_option("--spki", options->spki_file, "The key itself, as the other location has it: PEM or DER")
        ->type_name("FILE")
        ->excludes(key);
    add_module_options(enrol, options->token)->required();
    add_token_options(enrol, options->token);
    add_template_option(enrol, options->token.evidence_template, "What the key must satisfy; none: anything",
                        NoTemplate::allowed);
    enrol.add_option("--out", options->out, "The record of the location; it must not exist yet")
        ->required()
        ->type_name("FILE");
    CLI::Option* keys =
        enrol.add_option("--signer-keys", options->signer_keys, "Show what to change in this file of [[key]] tables")
            ->type_name("FILE");
    enrol
        .add_option("--first-serial", options->first_serial,
                    "The token that serves the key now, where the file names no location yet; may be this one")
        ->type_name("SERIAL")
        ->needs(keys);
    enrol.add_flag("--write", options->write, "Change it; what it was stays beside it, with .bak behind its name")
        ->needs(keys);
    grammar.runs_contained(enrol, options, WhenEnded::unchanged, hsm_enrol);
}

void add_pin(Grammar& grammar, CLI::App& hsm) {
    CLI::App& pin = *hsm.add_subcommand("pin", "PINs sealed to this machine's TPM");
    pin.require_subcommand(1);

    CLI::App& seal = grammar.command(
        pin, "seal", "Seal a PIN to this machine's TPM, in the state that it is in",
        "  sealwright hsm pin seal --out /etc/sealwright/pin.sealed --token-serial 4821\n"
        "  sealwright hsm pin seal --out pin.sealed --pcrs sha256:0,2,4,7,9 --module ./vendor.so --token-serial 4821 "
        "--check-login");
    auto sealed = std::make_shared<PinSealOptions>();
    seal.add_option("--out", sealed->out, "The file for the sealed PIN")->required()->type_name("FILE");
    seal.add_option("--pcrs", sealed->pcrs, "The state: a bank and its PCRs")
        ->type_name("BANK:N,N")
        ->capture_default_str();
    seal.add_option("--tcti", sealed->tcti, "The TPM, as tpm2-tools name it; without it the machine's")
        ->type_name("TCTI");
    CLI::Option* module = add_module_options(seal, sealed->token);
    add_token_options(seal, sealed->token);
    seal.add_flag("--check-login", sealed->check_login, "Log in to the token once with it before it is sealed")
        ->needs(module);
    seal.add_flag("--replace", sealed->replace, "Overwrite FILE");
    grammar.runs(seal, sealed, hsm_pin_seal);

    CLI::App& check = grammar.command(pin, "check", "Whether a sealed PIN opens in the machine's state of now",
                                      "  sealwright hsm pin check /etc/sealwright/pin.sealed");
    auto checked = std::make_shared<PinCheckOptions>();
    check.add_option("FILE", checked->file, "The sealed PIN")->required()->type_name("");
    check.add_option("--tcti", checked->tcti, "The TPM, as tpm2-tools name it; without it the machine's")
        ->type_name("TCTI");
    grammar.runs(check, checked, hsm_pin_check);
}

}  // namespace

CLI::Option* add_module_options(CLI::App& command, TokenOptions& options) {
    CLI::Option* module = command.add_option("--module", options.module, "The PKCS#11 module");
    module->type_name("PATH");
    command.add_option("--module-init-args", options.init_args, "Init arguments of the module (NSS needs them)")
        ->type_name("TEXT");
    return module;
}

void add_token_choice(CLI::App& command, TokenOptions& options) {
    command.add_option("--token-serial", options.token_serial, "The token with this serial number")->type_name(kSerial);
    command.add_option("--token-label", options.token_label, "The token with this label")->type_name("LABEL");
}

void add_pin_source(CLI::App& command, SecretOptions& options, const std::string& name, const std::string& what) {
    add_secret_source(command, options, name, what);
    command.add_flag("--" + name + "-halves", options.halves, "Ask two custodians, each for a half of the PIN")
        ->excludes("--" + name + "-fd", "--" + name + "-file");
}

void add_token_options(CLI::App& command, TokenOptions& options) {
    add_token_choice(command, options);
    add_pin_source(command, options.pin, "pin", "the user PIN");
}

void add_key_commands(Grammar& grammar, CLI::App& hsm) {
    add_keys(grammar, hsm);
    add_enrol(grammar, hsm);
    add_pin(grammar, hsm);
}

}  // namespace sealwright::cli
