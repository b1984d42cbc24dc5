// arguments.hpp: the command line's grammar, in parts. Private to command_line.cpp and arguments_*.cpp.
#pragma once

#include <memory>
#include <set>

#include "cli/command_line.hpp"
#include "cli/contained.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sealwright::cli {

// Grammar is what the parts build up: the tree of commands, and the invocation that the chosen one fills in.
struct Grammar {
    CLI::App& root;
    Invocation& invocation;
    std::set<const CLI::App*> admin_commands;

    CLI::App& group(const std::string& name, const std::string& description);
    // command adds a leaf; runs must be its last word, since it adds the options of every command: --json, --quiet,
    // --help.
    CLI::App& command(CLI::App& group, const std::string& name, const std::string& description,
                      const std::string& examples);
    // admin_command adds --socket as well.
    CLI::App& admin_command(CLI::App& group, const std::string& name, const std::string& description,
                            const std::string& examples);

    // runs says which function a command calls with its options.
    template <class Options>
    void runs(CLI::App& command, std::shared_ptr<Options> options,
              Result<ExitCode> (*function)(Context&, const Options&)) {
        on_chosen(command, [options, function](Context& context) { return function(context, *options); });
    }
    void runs(CLI::App& command, Result<ExitCode> (*function)(Context&));
    // runs_contained is for commands that load a vendor's module: contained.hpp.
    template <class Options>
    void runs_contained(CLI::App& command, std::shared_ptr<Options> options, WhenEnded ended,
                        Result<ExitCode> (*function)(Context&, const Options&)) {
        on_chosen(command, [options, ended, function](Context& context) {
            return contained(context, ended, [&] { return function(context, *options); });
        });
    }

private:
    void on_chosen(CLI::App& command, std::function<Result<ExitCode>(Context&)> run);
};

// add_offline_commands: ceremony, hsm. add_certificate_commands: cert, request. add_authority_commands: ca, profile,
// crl, secret, audit. add_device_commands: ek, device.
void add_offline_commands(Grammar& grammar);
void add_certificate_commands(Grammar& grammar);
void add_authority_commands(Grammar& grammar);
void add_device_commands(Grammar& grammar);

// add_key_commands: hsm keys, enrol, pin.
void add_key_commands(Grammar& grammar, CLI::App& hsm);

// add_module_options adds --module and --module-init-args and gives the first; add_token_choice which token of it;
// add_token_options where its user PIN comes from too.
CLI::Option* add_module_options(CLI::App& command, TokenOptions& options);
void add_token_choice(CLI::App& command, TokenOptions& options);
void add_token_options(CLI::App& command, TokenOptions& options);

// add_template_option adds --template, a name that is known, or "none" where that is allowed.
enum class NoTemplate : bool { refused, allowed };
void add_template_option(CLI::App& command, std::string& name, const std::string& what, NoTemplate none);

// add_judge_commands: hsm test, hsm bench.
void add_judge_commands(Grammar& grammar, CLI::App& group);

// add_pin_source adds what add_secret_source does, and --NAME-halves, where two custodians are asked.
void add_pin_source(CLI::App& command, SecretOptions& options, const std::string& name, const std::string& what);

// add_secret_source adds --NAME-fd and --NAME-file.
void add_secret_source(CLI::App& command, SecretOptions& options, const std::string& name, const std::string& what);

}  // namespace sealwright::cli
