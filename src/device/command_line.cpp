#include "device/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>

#include "cli/printable.hpp"

namespace sealwright::device {
namespace {

constexpr const char* kSummary =
    "Sealwright on a device: makes a key in the TPM, proves to the CA that it cannot leave it, gets a certificate for "
    "it and renews that.";

constexpr const char* kEnrollExamples =
    "Examples:\n"
    "  sealwright-device enroll --server https://ca.example.org:8443 --ca root.pem --profile device-tpm --secret-file "
    "secret\n"
    "  sealwright-device enroll --server https://ca.example.org:8443 --ca root.pem --profile device-tpm --dns "
    "laptop.example.org --ek ecc";
constexpr const char* kRenewExamples =
    "Examples:\n"
    "  sealwright-device renew\n"
    "  sealwright-device renew --within 30d --json";

void add_common(CLI::App& command, CommonOptions& options) {
    command.add_option("--state", options.state, "The folder with the certificate and what is under way")
        ->type_name("DIR")
        ->default_str(kDefaultState);
    command
        .add_option("--tcti", options.tcti,
                    "The TPM, as tpm2-tss names it: device:/dev/tpmrm0, swtpm:host=127.0.0.1,port=2321")
        ->type_name("TCTI")
        ->default_str("/dev/tpmrm0, else /dev/tpm0");
    command.add_flag("--json", options.json, "JSON for programs instead of text for people");
    command.add_flag("-q,--quiet", options.quiet, "Results and failures alone: no remarks");
    command.set_help_flag("-h,--help", "This text");
}

CLI::App& add_enroll(CLI::App& root, std::shared_ptr<EnrollOptions> options) {
    CLI::App& command = *root.add_subcommand(
        "enroll", "Get a first certificate, by a one-time secret; run again, go on where it was left");
    command.footer(kEnrollExamples);
    command.add_option("--server", options->server, "The CA: https://HOST:PORT")->required()->type_name("URL");
    command.add_option("--ca", options->ca_file, "PEM of the roots that the CA's server is verified with")
        ->required()
        ->type_name("FILE");
    command.add_option("--profile", options->profile, "The profile")->required()->type_name("NAME");
    auto* fd = command.add_option("--secret-fd", options->secret.fd, "Read the one-time secret from this descriptor")
                   ->type_name("N");
    command.add_option("--secret-file", options->secret.file, "Read it from this file; without either it is asked for")
        ->type_name("FILE")
        ->excludes(fd);
    command
        .add_option("--ek", options->ek,
                    "Endorsement key: auto, rsa, ecc, L-1, L-2, H-3, H-6; auto takes one with a certificate")
        ->type_name("WHICH")
        ->default_str("auto")
        ->check(CLI::IsMember({"auto", "rsa", "ecc", "L-1", "L-2", "H-3", "H-6"}));
    command.add_option("--ak", options->ak, "Attestation key: rsa or ecc")
        ->type_name("KIND")
        ->default_str("ecc")
        ->check(CLI::IsMember({"rsa", "ecc"}));
    command.add_option("--key", options->key, "The certificate's key: rsa2048, p256, p384")
        ->type_name("KIND")
        ->default_str("p256")
        ->check(CLI::IsMember({"rsa2048", "p256", "p384"}));
    command.add_option("--subject", options->subject, "Name to ask for (RFC 4514): CN=laptop,O=Example")
        ->type_name("DN");
    command.add_option("--dns", options->dns, "DNS name to ask for; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command.add_flag("--anew", options->anew,
                     "Give up what is under way, and get another certificate even where there is one");
    return command;
}

CLI::App& add_renew(CLI::App& root, std::shared_ptr<RenewOptions> options) {
    CLI::App& command = *root.add_subcommand("renew", "Renew the certificate when its time has come, with a new key");
    command.footer(kRenewExamples);
    auto* within = command.add_option("--within", options->within, "Renew when no more than this is left (30d, 12h)")
                       ->type_name("DURATION")
                       ->default_str("a third of the lifetime");
    command.add_flag("--force", options->force, "Renew now")->excludes(within);
    command.add_flag("--same-key", options->same_key, "Keep the key");
    command.add_flag("--anew", options->anew, "Give up what is under way, and renew now");
    command.add_option("--ca", options->ca_file, "Roots to verify the server with, instead of those of the enrolment")
        ->type_name("FILE");
    return command;
}

std::string overview(const CLI::App& root) {
    std::string text = std::string{kSummary} + "\n\nUsage: sealwright-device COMMAND [OPTIONS]\n\n";
    for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
        std::string name = command->get_name();
        name.append(name.size() < 10 ? 10 - name.size() : 1, ' ');
        text += "  " + name + command->get_description() + '\n';
    }
    return text +
           "\n`sealwright-device COMMAND --help` has each command's options; sealwright-device(1) has the rest.\n\n" +
           cli::describe_exit_codes() + '\n';
}

Answered mistake(const CLI::App& root, const CLI::ParseError& error) {
    std::string what = error.what();
    std::ranges::replace(what, '\n', ' ');
    const auto chosen = root.get_subcommands();
    const std::string name = "sealwright-device" + (chosen.empty() ? std::string{} : ' ' + chosen.front()->get_name());
    return {cli::ExitCode::usage, "sealwright-device: " + cli::printable(what) + "\n  see: " + name + " --help\n"};
}

}  // namespace

std::variant<Invocation, Answered> parse_command_line(const std::vector<std::string>& arguments) {
    CLI::App root{"", "sealwright-device"};
    Invocation invocation;
    bool version = false;
    root.require_subcommand(0, 1);
    root.set_help_flag("-h,--help", "This text");
    root.add_flag("--version", version, "Print the version");
    root.get_formatter()->column_width(28);
    const auto enroll_options = std::make_shared<EnrollOptions>();
    const auto renew_options = std::make_shared<RenewOptions>();
    CLI::App& enroll_command = add_enroll(root, enroll_options);
    CLI::App& renew_command = add_renew(root, renew_options);
    CLI::App& status_command =
        *root.add_subcommand("status", "Show the certificate, whether its key works, and what is under way");
    for (CLI::App* command : {&enroll_command, &renew_command, &status_command})
        add_common(*command, invocation.common);
    try {
        root.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
    } catch (const CLI::CallForHelp&) {
        return Answered{cli::ExitCode::done, root.get_subcommands().empty() ? overview(root) : root.help()};
    } catch (const CLI::ParseError& error) {
        return mistake(root, error);
    }
    if (version) return Answered{cli::ExitCode::done, "sealwright-device " SEALWRIGHT_VERSION "\n"};
    if (enroll_command.parsed())
        invocation.run = [enroll_options](Context& context) { return enroll(context, *enroll_options); };
    if (renew_command.parsed())
        invocation.run = [renew_options](Context& context) { return renew(context, *renew_options); };
    if (status_command.parsed()) invocation.run = status;
    if (!invocation.run) return Answered{cli::ExitCode::usage, overview(root)};
    return invocation;
}

}  // namespace sealwright::device
