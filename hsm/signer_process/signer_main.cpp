#include "hsm/signer_process/signer_main.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "hsm/signer_process/server.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::string_view kRoom = "signer";

struct Arguments {
    std::string config = "/etc/sealwright/signer.toml";
    bool check = false;
    int ready_fd = -1;
};

// harden keeps the PIN and the module's memory to this process: no core files, no ptrace by others of our user, files
// for nobody else.
void harden() {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::umask(0077);
    // A peer that is gone and a file that may not grow are errors to be handled, not ends.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
}

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
        if (::write(arguments.ready_fd, "\n", 1) != 1) log.warning(kRoom, "--ready-fd cannot be written");
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
    if (sent < 0) log.warning(kRoom, "NOTIFY_SOCKET cannot be written");
}

Result<std::shared_ptr<pkcs11::Token>> open_token(const Configuration& configuration) {
    SEALWRIGHT_TRY(auto module, pkcs11::Module::load(configuration.module, configuration.module_init_args));
    const std::string& shown =
        configuration.token_label.empty() ? configuration.token_serial : configuration.token_label;
    SEALWRIGHT_TRY(auto pin, obtain_pin(configuration.pin, shown));
    // One session more than lanes for what is not signing.
    return pkcs11::Token::open(std::move(module),
                               pkcs11::TokenSelector{configuration.token_serial, configuration.token_label},
                               std::move(pin), pkcs11::Token::Options{2 * configuration.lanes + 1, true});
}

void describe(const Configuration& configuration, const KeyRing& keys, const pkcs11::Token& token, Log& log) {
    log.info(kRoom,
             "token " + token.info().label + " serial " + token.info().serial + " (" + token.info().manufacturer + ")");
    for (const auto& [id, entry] : keys.entries) {
        std::string purposes;
        for (const Purpose purpose : entry.limits.purposes()) purposes += " " + std::string{purpose_name(purpose)};
        log.info(kRoom, "key " + entry.limits.name + " " + id.hex() + ":" + purposes);
    }
    log.info(kRoom, "listening on " + configuration.socket);
}

Result<void> run(const Arguments& arguments, Log& log) {
    SEALWRIGHT_TRY(const auto configuration, read_configuration(arguments.config));
    if (arguments.check) {
        std::cout << arguments.config << ": " << configuration.keys.size() << " keys\n";
        return success();
    }
    const SystemClock clock;
    // The journal first: a signer that cannot remember has no business with a PIN.
    SEALWRIGHT_TRY(auto journal, Journal::open(configuration.journal, clock, log));
    SEALWRIGHT_TRY(auto token, open_token(configuration));
    SEALWRIGHT_TRY(auto keys, gather_keys(configuration, *token, log));
    describe(configuration, keys, *token, log);
    SEALWRIGHT_TRY(auto server, Server::start(configuration, std::move(journal), token, std::move(keys), clock, log));
    tell_ready(arguments, log);
    const sigset_t signals = stop_signals();
    int signal = 0;
    ::sigwait(&signals, &signal);
    log.info(kRoom, "stopping");
    if (!server->stop()) {
        // A thread is inside the module: nothing of it may be taken away from under it.
        log.error(kRoom, "a lane hangs in the token; the process ends without finalising the module");
        ::_exit(kExitFailure);
    }
    server.reset();
    // Sessions, login and module go here, explicitly: C_Finalize comes before OpenSSL cleans up at exit (SoftHSM
    // crashes otherwise).
    token.reset();
    return success();
}

}  // namespace

int signer_main(int argc, char** argv) {
    CLI::App app{"Holds one token's login and signs for sealwrightd what its keys' limits allow."};
    Arguments arguments;
    app.add_option("--config", arguments.config, "the configuration file")->capture_default_str();
    app.add_flag("--check", arguments.check, "read the configuration, say what is wrong with it, and end");
    app.add_option("--ready-fd", arguments.ready_fd, "write one octet to this descriptor when the socket listens")
        ->check(CLI::NonNegativeNumber);
    app.set_version_flag("--version", "sealwright-signer " SEALWRIGHT_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    harden();
    const sigset_t signals = stop_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: all inherit it
    StderrLog log{LogLevel::info};
    try {
        const auto done = run(arguments, log);
        if (done) return 0;
        log.error(kRoom, done.error().describe());
        const bool pin_refused = done.error().code() == ErrorCode::denied && !arguments.check;
        return pin_refused ? kExitPinRefused : kExitFailure;
    } catch (const std::exception& error) {
        log.error(kRoom, error.what());
        return kExitFailure;
    }
}

}  // namespace sealwright::hsm::signer_process
