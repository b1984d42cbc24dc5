#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace sealwright::cli {
namespace {

void add_ek(Grammar& grammar) {
    CLI::App& group = grammar.group("ek", "Approved endorsement keys of TPMs");
    CLI::App& import = grammar.admin_command(group, "import", "Put endorsement keys on the list",
                                             "  sealwright ek import laptop-17.ek.pem --note \"laptop 17\"\n"
                                             "  sealwright ek import delivery-2026-11.txt --dry-run");
    auto imported = std::make_shared<EkImportOptions>();
    import
        .add_option("FILE", imported->files,
                    "EK certificates or public keys (PEM, DER, TPM2B_PUBLIC), or a list of SHA-256 digests of their "
                    "SubjectPublicKeyInfo, one a line, with a note behind it")
        ->required()
        ->type_name("");
    import.add_option("--note", imported->note, "What to remember of them")->type_name("TEXT");
    import.add_flag("--dry-run", imported->dry_run, "Show what would be put on the list");
    grammar.runs(import, imported, ek_import);

    CLI::App& list = grammar.admin_command(group, "list", "Show the list", "  sealwright ek list --json");
    grammar.runs(list, ek_list);

    CLI::App& remove =
        grammar.admin_command(group, "remove", "Take one from the list", "  sealwright ek remove 3f2a...");
    auto removed = std::make_shared<EkRemoveOptions>();
    remove.add_option("EK", removed->ek, "Its 64 digits")->required()->type_name("");
    remove.add_flag("-y,--yes", removed->yes, "Do not ask");
    grammar.runs(remove, removed, ek_remove);
}

CLI::App& add_end(Grammar& grammar, CLI::App& group, const std::string& name, const std::string& description,
                  Result<ExitCode> (*function)(Context&, const DeviceEndOptions&)) {
    CLI::App& command = grammar.admin_command(group, name, description, "  sealwright device " + name + " laptop-17");
    auto options = std::make_shared<DeviceEndOptions>();
    command.add_option("DEVICE", options->device, "A part of its names, or its identifier")->required()->type_name("");
    command.add_option("--reason", options->reason, "Of the revocations (keyCompromise, superseded, ...)")
        ->type_name("REASON");
    auto* dry = command.add_flag("--dry-run", options->dry_run, "Show what would be revoked");
    command.add_flag("-y,--yes", options->yes, "Do not ask; needs the whole identifier")->excludes(dry);
    grammar.runs(command, options, function);
    return command;
}

void add_device(Grammar& grammar) {
    CLI::App& group = grammar.group("device", "Devices that proved themselves by their TPM");
    CLI::App& list = grammar.admin_command(group, "list", "List devices", "  sealwright device list --state revoked");
    auto listed = std::make_shared<DeviceListOptions>();
    list.add_option("--state", listed->state, "enrolled, revoked or retired")->type_name("STATE");
    list.add_option("--name", listed->name, "Whose names have this in them")->type_name("TEXT");
    auto* limit = list.add_option("--limit", listed->limit, "At most so many")
                      ->type_name("N")
                      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}).description(""))
                      ->capture_default_str();
    list.add_flag("--all", listed->all, "Every one")->excludes(limit);
    grammar.runs(list, listed, device_list);

    CLI::App& show = grammar.admin_command(group, "show", "Show a device, its proof and its certificates",
                                           "  sealwright device show laptop-17 --record laptop-17.attestation");
    auto shown = std::make_shared<DeviceShowOptions>();
    show.add_option("DEVICE", shown->device, "A part of its names, or its identifier")->required()->type_name("");
    show.add_option("--record", shown->record, "Write the record of its last attestation here")->type_name("FILE");
    grammar.runs(show, shown, device_show);

    add_end(grammar, group, "revoke", "Revoke a device and its certificates for good", device_revoke);
    add_end(grammar, group, "retire", "Revoke its certificates and let its TPM enrol anew, under any identity",
            device_retire);
}

}  // namespace

void add_device_commands(Grammar& grammar) {
    add_ek(grammar);
    add_device(grammar);
}

}  // namespace sealwright::cli
