#include "server/server_main.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "server/daemon.hpp"
#include "server/store_commands.hpp"

namespace sealwright::server {
namespace {

constexpr std::string_view kRoom = "daemon";

struct Arguments {
    std::string config = "/etc/sealwright/sealwrightd.toml";
    bool check = false;
    int ready_fd = -1;
    StoreCommand store;
};

// harden: the daemon holds no key and no PIN, but enrolment secrets pass through it: no core files, no ptrace by others
// of our user, files for nobody else.
void harden() {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::umask(0077);
    // A peer that is gone and a file that may not grow are errors to be handled, not ends.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
}

sigset_t awaited_signals() {
    sigset_t set{};
    ::sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
    return set;
}

void tell_problems(const Error& error, Log& log) {
    std::string_view text = error.public_detail();
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        log.error("config", text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!error.private_detail().empty()) log.error("config", error.private_detail());
}

void wait_for_the_end(const sigset_t& signals, Log& log) {
    for (;;) {
        int signal = 0;
        ::sigwait(&signals, &signal);
        if (signal != SIGHUP) return;
        log.info(kRoom,
                 "SIGHUP: nothing is read again; the configuration and the profiles are those of the start. Restart to "
                 "apply changes");
    }
}

// run_store: not a service but a person's command, which a signal ends.
int run_store(const Arguments& arguments) {
    StderrLog log{LogLevel::warning};
    const auto config = load_config(arguments.config);
    if (!config) {
        tell_problems(config.error(), log);
        return kExitConfig;
    }
    const auto done = run_store_command(arguments.store, config.value(), SystemClock{}, std::cout, log);
    if (done) return 0;
    log.error("store", done.error().describe());
    return kExitFailure;
}

int run(const Arguments& arguments) {
    const sigset_t signals = awaited_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: all inherit it
    StderrLog first_log{LogLevel::info};
    auto config = load_config(arguments.config);
    if (!config) {
        tell_problems(config.error(), first_log);
        return kExitConfig;
    }
    StderrLog log{config.value().log_level};
    auto material = load_material(config.value(), SystemClock{}.now());
    if (!material) {
        tell_problems(material.error(), log);
        return kExitConfig;
    }
    for (const auto& warning : material.value().warnings) log.warning(kRoom, warning);
    if (arguments.check) {
        std::cout << arguments.config << ": no problem found; " << material.value().profiles.size() << " profiles\n";
        return 0;
    }
    Notifier notifier{arguments.ready_fd, log};
    auto daemon = Daemon::start(std::move(config).value(), std::move(material).value(), notifier, log);
    if (!daemon) {
        log.error(kRoom, daemon.error().describe());
        return daemon.error().code() == ErrorCode::config ? kExitConfig : kExitFailure;
    }
    wait_for_the_end(signals, log);
    daemon.value()->stop();
    daemon.value().reset();
    log.info(kRoom, "stopped");
    return 0;
}

// add_store declares what store_commands.hpp does.
CLI::App* add_store(CLI::App& app, StoreCommand& command) {
    using Verb = StoreCommand::Verb;
    auto* store =
        app.add_subcommand("store", "show what the store goes on from, or set it by hand: the daemon must be stopped");
    store->require_subcommand(1);
    auto* show = store->add_subcommand("show", "node, boot, last commit and CRL numbers");
    show->add_flag("--json", command.json, "as one line of JSON");
    show->callback([&command] { command.verb = Verb::show; });
    const auto change = [&](const char* name, const char* help, Verb verb) {
        auto* made = store->add_subcommand(name, help);
        made->add_option("--reason", command.reason, "who does it and why: it stands in the audit log")
            ->required()
            ->check(CLI::Validator{[](std::string& text) { return check_reason(text); }, ""});
        made->add_flag("--write", command.write, "do it; without it, only what would be changed is said");
        made->callback([&command, verb] { command.verb = verb; });
        return made;
    };
    const auto add_number = [&](CLI::App* to) {
        to->add_option("N", command.number, "what the signer says in parentheses: the daemon takes the next one")
            ->required()
            ->check(CLI::Validator{[](std::string& text) { return check_number(text); }, ""});
        to->add_flag("--far", command.far, "though it is further than a signer takes at once");
    };
    add_number(change("raise-boot", "set the boot of this node, after a theft or a restore", Verb::raise_boot));
    auto* crl =
        change("raise-crl-number", "set an issuer's CRL number, after a theft or a restore", Verb::raise_crl_number);
    crl->add_option("ISSUER", command.issuer, "'issuing', the configuration's CA; or the id of its key")->required();
    add_number(crl);
    change("accept-clock", "take the clock for right, though the store has later times", Verb::accept_clock);
    return store;
}

}  // namespace

int sealwrightd_main(int argc, char** argv) {
    CLI::App app{"The online CA: protocols, policy, issuance, store, audit and revocation. Holds no key and no PIN."};
    Arguments arguments;
    app.add_option("--config", arguments.config, "the configuration file")->capture_default_str();
    auto* check = app.add_flag("--check", arguments.check,
                               "read the configuration and what it names, say what is wrong, and end");
    auto* ready_fd =
        app.add_option("--ready-fd", arguments.ready_fd, "write one octet to this descriptor when the daemon serves");
    ready_fd->check(CLI::NonNegativeNumber);
    arguments.store.typed.assign(argv, argv + argc);
    add_store(app, arguments.store)->excludes(check)->excludes(ready_fd);
    app.set_version_flag("--version", "sealwrightd " SEALWRIGHT_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    harden();
    try {
        return arguments.store.verb ? run_store(arguments) : run(arguments);
    } catch (const std::exception& error) {
        StderrLog{LogLevel::info}.error(kRoom, error.what());
        return kExitFailure;
    }
}

}  // namespace sealwright::server
