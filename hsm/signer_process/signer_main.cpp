#include "hsm/signer_process/signer_main.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "hsm/signer_process/log_rooms.hpp"
#include "hsm/signer_process/refused_pins.hpp"
#include "hsm/signer_process/sandbox.hpp"
#include "hsm/signer_process/server.hpp"
#include "hsm/signer_process/site_check.hpp"
#include "hsm/signer_process/supervisor.hpp"

namespace sealwright::hsm::signer_process {
namespace {

struct Arguments {
    std::string config = "/etc/sealwright/signer.toml";
    bool check = false;
    bool accept_clock = false;
    int ready_fd = -1;
    std::string try_pin_again;
};

sigset_t stop_signals() {
    sigset_t set{};
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGTERM);
    ::sigaddset(&set, SIGINT);
    return set;
}

// tell_ready says to systemd (sd_notify's datagram) and to --ready-fd that the socket listens.
void tell_ready(const Arguments& arguments, Log& log) {
    if (arguments.ready_fd >= 0) {
        if (::write(arguments.ready_fd, "\n", 1) != 1) log.warning(kSignerRoom, "--ready-fd cannot be written");
        ::close(arguments.ready_fd);
    }
    const char* target = std::getenv("NOTIFY_SOCKET");
    if (target == nullptr) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string_view path{target};
    if (path.empty() || path.size() >= sizeof(address.sun_path)) return;
    std::copy(path.begin(), path.end(), address.sun_path);
    if (path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    constexpr std::string_view kReady = "READY=1";
    const auto sent = ::sendto(socket.get(), kReady.data(), kReady.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address), length);
    if (sent < 0) log.warning(kSignerRoom, "NOTIFY_SOCKET cannot be written");
}

// run_server is the server's process: it serves until it is told to stop.
Result<void> run_server(const Configuration& configuration, Descriptor control, Log& log) {
    const SystemClock clock;
    // The journal first: a signer that cannot remember has no business with a PIN.
    SEALWRIGHT_TRY(auto journal, Journal::open(configuration.journal, clock, log, rules_of(configuration)));
    SEALWRIGHT_TRY(auto server, Server::start(configuration, std::move(journal), std::move(control), clock, log));
    const sigset_t signals = stop_signals();
    int signal = 0;
    ::sigwait(&signals, &signal);
    log.info(kSignerRoom, "stopping");
    if (server->stop()) return success();
    return fail(ErrorCode::token, "a token's process did not end and was killed");
}

// accept_clock settles a clock that ran ahead once: a person has looked at it, and the signer is stopped (the journal's
// lock says so).
Result<void> accept_clock(const Configuration& configuration, Log& log) {
    if (!std::filesystem::exists(configuration.journal))  // nor may one be begun here, which would be root's
        return fail(ErrorCode::not_found, "there is no journal " + configuration.journal);
    const SystemClock clock;
    SEALWRIGHT_TRY(const auto journal, Journal::open(configuration.journal, clock, log, rules_of(configuration)));
    SEALWRIGHT_TRY(const auto given_up, journal->accept_clock());
    if (given_up) {
        std::cout << "the journal's last record is of " << to_rfc3339(*given_up) << "; accepted the clock, which says "
                  << to_rfc3339(clock.now()) << ". The journal says so for ever.\n";
    } else {
        std::cout << "the clock says " << to_rfc3339(clock.now()) << " and is not behind the journal's last record of "
                  << to_rfc3339(journal->last_time()) << "; nothing was changed.\n";
    }
    return success();
}

int status_of(const Result<void>& done, Log& log) {
    if (done) return 0;
    log.error(kSignerRoom, done.error().describe());
    return done.error().code() == ErrorCode::denied ? kExitPinRefused : kExitFailure;
}

// try_pin_again forgets that the token which is named so refused its PIN.
Result<void> try_pin_again(const Configuration& configuration, const std::string& name) {
    SEALWRIGHT_TRY(auto refused, RefusedPins::read(RefusedPins::file_of(configuration.journal)));
    bool is_token = false, is_forgotten = false;
    for (const TokenConfiguration& token : configuration.tokens) {
        if (token.serial != name && token.label != name) continue;
        is_token = true;
        SEALWRIGHT_TRY(const bool forgotten, refused.forget(token));
        is_forgotten = is_forgotten || forgotten;
    }
    if (!is_token) return fail(ErrorCode::not_found, "the configuration has no token with the serial or label " + name);
    if (!is_forgotten) return fail(ErrorCode::not_found, "no refused PIN of the token " + name + " is remembered");
    std::cout << name << ": its PIN is tried again by the next start\n";
    return success();
}

// run: has_listened is set when the socket listens.
int run(const Arguments& arguments, bool& has_listened, Log& log) {
    const auto configuration = read_configuration(arguments.config);
    if (!configuration) {
        log.error(kSignerRoom, configuration.error().describe());
        return kExitFailure;
    }
    if (arguments.check) {
        const auto findings = check_site(configuration.value());
        tell(findings, log);
        if (has_error(findings)) return kExitFailure;
        std::cout << arguments.config << ": " << configuration.value().keys.size() << " keys, "
                  << configuration.value().tokens.size() << " tokens\n";
        return 0;
    }
    if (arguments.accept_clock) return status_of(accept_clock(configuration.value(), log), log);
    if (!arguments.try_pin_again.empty())
        return status_of(try_pin_again(configuration.value(), arguments.try_pin_again), log);
    // Before a process, a PIN or a person is asked for: what only another configuration can mend.
    const auto findings = check_agreement(configuration.value());
    tell(findings, log);
    if (has_error(findings)) return kExitFailure;
    const auto server = [&](Descriptor control) {
        return status_of(run_server(configuration.value(), std::move(control), log), log);
    };
    const auto ready = [&] {
        has_listened = true;
        tell_ready(arguments, log);
    };
    return supervise(configuration.value(), server, ready, log);
}

// rest: systemd starts at once what ended (RestartSec in the unit), for a crash's sake. A start that fails would fail
// the same way several times a second, a login to the token each time.
void rest() {
    constexpr timespec kRest{3, 0};
    const sigset_t signals = stop_signals();
    ::sigtimedwait(&signals, nullptr, &kRest);
}

}  // namespace

int signer_main(int argc, char** argv) {
    CLI::App app{"Holds the logins of one or several tokens and signs for sealwrightd what its keys' limits allow."};
    Arguments arguments;
    app.add_option("--config", arguments.config, "the configuration file")->capture_default_str();
    app.add_flag("--check", arguments.check,
                 "read the configuration and look whether what it names is there, say what is wrong, and end");
    app.add_flag("--accept-clock", arguments.accept_clock,
                 "take the clock for right though the journal has later times, write that into the journal, and end")
        ->excludes("--check");
    app.add_option("--ready-fd", arguments.ready_fd, "write one octet to this descriptor when the socket listens")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--try-pin-again", arguments.try_pin_again,
                   "forget that the token with this serial or label refused its PIN, and end; the next start tries it")
        ->type_name("TOKEN");
    app.set_version_flag("--version", "sealwright-signer " SEALWRIGHT_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    harden_process();
    sigset_t signals = stop_signals();
    ::sigaddset(&signals, SIGHUP);                    // ends nobody (supervisor.hpp)
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread or process: all inherit it
    StderrLog log{LogLevel::info};
    const bool is_to_serve = !arguments.check && !arguments.accept_clock && arguments.try_pin_again.empty();
    bool has_listened = false;
    try {
        const int status = run(arguments, has_listened, log);
        if (status == kExitFailure && is_to_serve && !has_listened && std::getenv("NOTIFY_SOCKET") != nullptr) rest();
        return status;
    } catch (const std::exception& error) {
        log.error(kSignerRoom, error.what());
        return kExitFailure;
    }
}

}  // namespace sealwright::hsm::signer_process
