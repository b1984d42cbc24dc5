#include "hsm/signer_process/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "crypto/random.hpp"
#include "hsm/signer_process/control.hpp"
#include "hsm/signer_process/findings_mark.hpp"
#include "hsm/signer_process/refused_pins.hpp"
#include "hsm/signer_process/sandbox.hpp"
#include "hsm/signer_process/started_marks.hpp"
#include "hsm/signer_process/token_process.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::string_view kRoom = "supervisor";

// close_others closes every descriptor but the standard ones and these: a child is born with all that its parent has,
// the descriptor of a PIN among them.
void close_others(std::vector<int> kept) {
    std::sort(kept.begin(), kept.end());
    unsigned from = 3;
    for (const int fd : kept) {
        const auto number = static_cast<unsigned>(fd);
        if (number > from) ::close_range(from, number - 1, 0);
        from = std::max(from, number + 1);
    }
    ::close_range(from, ~0U, 0);
}

// spawn forks; the child runs, ends with what run gives, and never comes back into its parent's frames: the secrets
// there are not mapped in it (Secret, MADV_DONTFORK).
template <class Run>
pid_t spawn(const char* name, const std::vector<int>& kept, Run&& run) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) return child;
    try {
        // A supervisor that is killed takes its children along.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        ::prctl(PR_SET_NAME, name, 0, 0, 0);  // what ps and top show
        if (::getppid() != parent) ::_exit(1);
        close_others(kept);
        sigset_t ended{};
        ::sigemptyset(&ended);
        ::sigaddset(&ended, SIGCHLD);
        ::pthread_sigmask(SIG_UNBLOCK, &ended, nullptr);
        std::exit(run());
    } catch (...) {
        ::_exit(1);
    }
}

class Supervisor {
public:
    Supervisor(const Configuration& configuration, RefusedPins refused_pins, const RunServer& server,
               const std::function<void()>& is_ready, Log& log)
        : configuration_(configuration),
          refused_pins_(std::move(refused_pins)),
          run_server_(server),
          is_ready_(is_ready),
          log_(log) {
        tokens_.resize(configuration_.tokens.size());
    }

    Result<int> run() {
        SEALWRIGHT_TRY(watch_signals());
        SEALWRIGHT_TRY(start_server());
        while (!server_status_) {
            std::vector<pollfd> waiting{{signals_.get(), POLLIN, 0}, {control_.get(), POLLIN, 0}};
            for (const Token& token : tokens_) waiting.push_back({token.said_on(), POLLIN, 0});
            if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
                return fail(ErrorCode::io, "poll", std::strerror(errno));
            // A login that was good is forgotten before anybody hears that the token is up.
            for (std::size_t i = 0; i < tokens_.size(); ++i) {
                if (waiting[i + 2].revents != 0) take_login(i);
            }
            // What the server asked for goes before the news that it has ended.
            if ((waiting[1].revents & POLLIN) != 0) take_request();
            if (waiting[0].revents != 0) take_signal();
            if ((waiting[1].revents & POLLHUP) != 0 && !server_status_) reap(0);
        }
        end_tokens();
        // Only what this server has listened on: before that the socket may be another signer's.
        if (is_listening_) ::unlink(configuration_.socket.c_str());
        // Its word that it listens may have been on its way when it was ended.
        if (is_cut_off_) return 0;
        return *server_status_;
    }

private:
    struct Token {
        pid_t pid = 0;
        std::optional<Result<Secret>> first_pin;  // what was asked for before the first process was made
        std::optional<Secret> pin;
        std::optional<RefusedPins::PinDigest> digest;  // of it
        std::unique_ptr<LoginMarks> logins;            // of the process
        std::optional<FindingsMark> findings;          // of every process of the token
        std::optional<Error> refused;                  // why the PIN is not tried any more
        unsigned unclear_logins = 0;                   // in a row, before this process and this run
        bool is_pin_good = false;                      // it was, in this run
        std::string unkept;                            // why the last login could not be remembered, as the log has it

        int said_on() const { return logins ? logins->descriptor() : -1; }
        unsigned unclear_so_far() const {
            return (logins->has_succeeded() ? 0 : unclear_logins) + logins->unclear_so_far();
        }
    };

    Result<void> watch_signals() {
        sigset_t watched{};
        ::sigemptyset(&watched);
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&watched, signal);
        ::pthread_sigmask(SIG_BLOCK, &watched, nullptr);
        signals_ = Descriptor{::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK)};
        if (!signals_) return fail(ErrorCode::io, "no signalfd", std::strerror(errno));
        return success();
    }

    Result<void> start_server() {
        SEALWRIGHT_TRY(auto pair, make_packet_pair());
        control_ = std::move(pair.ours);
        server_ = spawn("signer-server", {pair.theirs.get()}, [&] { return run_server_(std::move(pair.theirs)); });
        if (server_ < 0) return fail(ErrorCode::io, "no process for the server", std::strerror(errno));
        return success();
    }

    void take_signal() {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
            if (info.ssi_signo == SIGCHLD) continue;
            if (info.ssi_signo == SIGHUP) {
                // Of a terminal that closes, or of who takes this for a daemon that reads its configuration again.
                log_.info(kRoom, "SIGHUP: nothing is read again; the configuration is that of the start");
                continue;
            }
            // A server that still waits for its tokens has nothing to end in order.
            is_cut_off_ = is_cut_off_ || !is_listening_;
            if (server_ > 0) ::kill(server_, is_listening_ ? static_cast<int>(info.ssi_signo) : SIGKILL);
        }
        reap(WNOHANG);
    }

    // reap takes note of every process that has ended.
    void reap(int flags) {
        int status = 0;
        for (pid_t pid = ::waitpid(-1, &status, flags); pid > 0; pid = ::waitpid(-1, &status, WNOHANG)) {
            if (pid == server_) {
                server_status_ = status;
                continue;
            }
            for (std::size_t i = 0; i < tokens_.size(); ++i) {
                if (tokens_[i].pid == pid) token_ended(i, status);
            }
        }
    }

    void token_ended(std::size_t token, int status) {
        const auto pid = static_cast<std::uint32_t>(std::exchange(tokens_[token].pid, 0));
        const bool by_signal = WIFSIGNALED(status);
        const bool is_unclear = note_logins(token, !by_signal && WEXITSTATUS(status) == kTokenPinRefused);
        tell(TokenEnded{static_cast<std::uint8_t>(token), pid, by_signal,
                        static_cast<std::uint8_t>(by_signal ? WTERMSIG(status) : WEXITSTATUS(status)), is_unclear});
    }

    // rejection_key is drawn behind the server's birth: the server must not know it.
    const std::array<std::uint8_t, 32>& rejection_key() {
        if (!rejection_key_) {
            rejection_key_.emplace();
            crypto::SystemRandom random;
            random.fill(*rejection_key_);
        }
        return *rejection_key_;
    }

    // take_login hears a process that wants to log in, or has.
    void take_login(std::size_t number) {
        Token& token = tokens_[number];
        if (!token.logins) return;
        const auto says = token.logins->hear();
        if (says == LoginMarks::Says::asks) token.logins->answer(leave_to_log_in(number));
        if (says == LoginMarks::Says::settled) login_settled(number);
    }

    // leave_to_log_in: whatever ends this process while the token has the PIN, the next run knows that it had. A PIN
    // that was good in this run is tried all the same where that cannot be written: a full disk is no reason to lose
    // the token, and one that was changed meanwhile is found out by the run itself.
    LoginMarks::Leave leave_to_log_in(std::size_t number) {
        Token& token = tokens_[number];
        const unsigned before = token.unclear_so_far();
        if (token.refused || before >= kUnclearLogins) return LoginMarks::Leave::never;
        if (keep_count(number, before + 1) || token.is_pin_good) return LoginMarks::Leave::given;
        return LoginMarks::Leave::not_remembered;
    }

    void login_settled(std::size_t number) {
        Token& token = tokens_[number];
        if (token.logins->was_refused()) return remember_refused(number, 0);
        const unsigned unclear = token.unclear_so_far();
        token.is_pin_good = token.is_pin_good || (token.logins->has_succeeded() && unclear == 0);
        keep_count(number, unclear);
    }

    // keep_count writes down how many logins in a row had no clear answer, or may have none; false when it cannot.
    bool keep_count(std::size_t number, unsigned unclear) {
        const auto kept = keep(number, unclear);
        const std::string why = kept ? "" : kept.error().describe();
        if (!kept && why != tokens_[number].unkept)
            log_.error(kRoom, configuration_.tokens[number].name() +
                                  ": what became of its logins cannot be remembered for the next start: " + why);
        tokens_[number].unkept = why;
        return kept.has_value();
    }

    Result<void> keep(std::size_t number, unsigned unclear) {
        const TokenConfiguration& configuration = configuration_.tokens[number];
        Token& token = tokens_[number];
        if (unclear == 0) {
            SEALWRIGHT_TRY(refused_pins_.forget(configuration));
            return success();
        }
        if (!token.pin || token.pin->empty()) return success();  // typed on the token's own pad
        SEALWRIGHT_TRY(make_digest(token));
        return refused_pins_.remember(configuration, *token.digest, SystemClock{}.now(), unclear);
    }

    static Result<void> make_digest(Token& token) {
        if (token.digest) return success();
        SEALWRIGHT_TRY(token.digest, RefusedPins::digest_of(*token.pin));
        return success();
    }

    // note_logins: whoever asks, a PIN that was refused is not tried again, nor one whose login failed twice without a
    // clear answer: some modules say nothing better of a wrong PIN, and a process that ended inside C_Login says
    // nothing at all. True when the process left such a login behind.
    bool note_logins(std::size_t number, bool is_refused) {
        Token& token = tokens_[number];
        const auto logins = std::exchange(token.logins, nullptr);
        if (logins->has_succeeded()) {
            token.unclear_logins = 0;
            token.is_pin_good = true;
        }
        const unsigned unclear = logins->unclear();
        token.unclear_logins += std::min(unclear, kUnclearLogins);
        if (unclear > 0)
            log_.error(kRoom, configuration_.tokens[number].name() +
                                  ": the token's process ended with a login that had no clear answer; it may have "
                                  "spent a try of the PIN");
        if (is_refused || logins->was_refused()) {
            token.refused = fail(ErrorCode::denied, "the token refused the PIN; it is not tried again");
        } else if (token.unclear_logins >= kUnclearLogins) {
            token.refused = fail(ErrorCode::denied,
                                 "logins ended twice in a row without a clear answer; the PIN is not tried again");
        }
        // What the token says of its count without a try (locked, one try left) is no verdict on the PIN.
        if (logins->was_refused()) {
            remember_refused(number, 0);
        } else if (token.unclear_logins >= kUnclearLogins) {
            remember_refused(number, kUnclearLogins);
        } else {
            keep_count(number, token.unclear_logins);
        }
        if (token.refused) token.pin.reset();
        return unclear > 0;
    }

    // remember_refused: for the starts to come, before anybody hears of it.
    void remember_refused(std::size_t number, unsigned unclear) {
        Token& token = tokens_[number];
        if (!token.pin || token.pin->empty()) return;  // an empty one is typed on the token's own pad
        auto kept = make_digest(token);
        if (kept)
            kept = refused_pins_.remember(configuration_.tokens[number], *token.digest, SystemClock{}.now(), unclear);
        if (!kept)
            log_.error(kRoom, configuration_.tokens[number].name() +
                                  ": that the PIN was refused cannot be remembered, and the next start would try it "
                                  "again: " +
                                  kept.error().describe());
    }

    void take_request() {
        PacketReceiver receiver{kMaxControlPacket};
        const auto packet = receiver.receive(control_.get());
        if (!packet) return;  // the server has ended: SIGCHLD says how
        const auto request = parse_control_request(packet.value().octets);
        if (!request) return log_.error(kRoom, request.error().describe());
        if (const auto* start = std::get_if<StartToken>(&request.value())) {
            if (start->token < tokens_.size()) start_token(start->token);
        } else if (const auto* end = std::get_if<KillToken>(&request.value())) {
            if (end->token < tokens_.size() && tokens_[end->token].pid > 0) ::kill(tokens_[end->token].pid, SIGKILL);
        } else {
            is_listening_ = true;
            is_ready_();
        }
    }

    void start_token(std::uint8_t token) {
        if (tokens_[token].pid > 0) {
            // It was killed and its end not yet heard of.
            ::kill(tokens_[token].pid, SIGKILL);
            int status = 0;
            if (::waitpid(tokens_[token].pid, &status, 0) > 0) token_ended(token, status);
        }
        if (auto started = make_token(token); !started)
            tell(TokenNotStarted{token, started.error(), tokens_[token].refused.has_value()});
    }

    // ask_for_pin: a person who is asked may end the program.
    static Result<Secret> ask_for_pin(const TokenConfiguration& token) {
        sigset_t ends{};
        ::sigemptyset(&ends);
        for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&ends, signal);
        ::pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
        auto pin = obtain_pin(token.pin, token.name());
        ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
        return pin;
    }

    // ask_for_pins: all of them, before the first process is made: while a person is asked nobody gets leave to log in.
    void ask_for_pins() {
        if (std::exchange(has_asked_, true)) return;
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            tokens_[i].first_pin.emplace(ask_for_pin(configuration_.tokens[i]));
    }

    Result<void> obtain(std::uint8_t number) {
        Token& token = tokens_[number];
        ask_for_pins();
        auto first = std::exchange(token.first_pin, std::nullopt);
        auto pin = first ? std::move(*first) : ask_for_pin(configuration_.tokens[number]);
        if (!pin) return pin.error();
        token.pin.emplace(std::move(pin).value());
        return check_refused(number);
    }

    // check_refused: a PIN that the token refused before this program was started stays refused, and one whose login
    // had no clear answer is one login nearer to that; for another one, what was remembered is over.
    Result<void> check_refused(std::uint8_t number) {
        Token& token = tokens_[number];
        const TokenConfiguration& configuration = configuration_.tokens[number];
        const auto known = refused_pins_.known(configuration, *token.pin);
        if (known && known->is_refused()) {
            token.pin.reset();
            token.refused =
                fail(ErrorCode::denied, (known->unclear == 0 ? "the token refused this PIN before, at "
                                                             : "logins with this PIN ended twice in a row without a "
                                                               "clear answer, the last at ") +
                                            to_rfc3339(known->at) +
                                            "; it was not tried again. If it is right now: sealwright-signer "
                                            "--try-pin-again '" +
                                            configuration.name() + "'");
            return *token.refused;
        }
        token.digest.reset();
        if (!known) {
            SEALWRIGHT_TRY(refused_pins_.forget(configuration));
            return success();
        }
        token.digest = known->pin;
        token.unclear_logins = known->unclear;
        log_.warning(kRoom, configuration.name() + ": the signer ended before, at " + to_rfc3339(known->at) +
                                ", with a login that had no clear answer; the PIN is tried once more");
        return success();
    }

    Result<void> make_token(std::uint8_t token) {
        Token& made = tokens_[token];
        if (made.refused) return *made.refused;
        if (!made.pin) {
            SEALWRIGHT_TRY(obtain(token));
        }
        if (!made.findings) {
            SEALWRIGHT_TRY(made.findings, FindingsMark::create());
        }
        SEALWRIGHT_TRY(auto pair, make_packet_pair());
        SEALWRIGHT_TRY(auto marks, StartedMarks::create());
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorCode::io, "no pipe", std::strerror(errno));
        Descriptor reading{ends[0]}, writing{ends[1]};
        SEALWRIGHT_TRY(made.logins, LoginMarks::create());
        const auto& shared_key = rejection_key();  // here, and not in the child: each would draw its own
        const std::vector<int> kept{pair.theirs.get(), marks.descriptor(), reading.get(),
                                    made.logins->descriptor_of_process()};
        made.findings->share_with_children(true);
        made.pid = spawn("signer-token", kept, [&] {
            Descriptor shared{::dup(marks.descriptor())};
            return run_token_process(configuration_, token,
                                     {std::move(pair.theirs), std::move(shared), std::move(reading), shared_key,
                                      made.logins.get(), &*made.findings},
                                     log_);
        });
        made.findings->share_with_children(false);
        made.logins->is_born();
        if (made.pid < 0) return fail(ErrorCode::io, "no process for the token", std::strerror(errno));
        const ByteView pin = made.pin->reveal();
        // A pipe takes more than any PIN at once.
        if (::write(writing.get(), pin.data(), pin.size()) != static_cast<ssize_t>(pin.size()))
            log_.error(kRoom, "the PIN cannot be handed over");
        tell(TokenStarted{token, static_cast<std::uint32_t>(made.pid)}, {pair.ours.get(), marks.descriptor()});
        // Once a run, and while the process loads its module. Without it the first login is told why.
        if (!made.pin->empty()) (void)make_digest(made);
        return success();
    }

    void tell(const ControlNotice& notice, const std::vector<int>& descriptors = {}) {
        // A server that is gone needs no news.
        (void)send_packet(control_.get(), encode_control(notice), Waiting::no, descriptors);
    }

    void end_tokens() {
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (tokens_[i].pid <= 0) continue;
            ::kill(tokens_[i].pid, SIGKILL);
            ::waitpid(tokens_[i].pid, nullptr, 0);
            tokens_[i].pid = 0;
            note_logins(i, false);
        }
    }

    const Configuration& configuration_;
    RefusedPins refused_pins_;
    const RunServer& run_server_;
    const std::function<void()>& is_ready_;
    Log& log_;
    Descriptor signals_, control_;
    pid_t server_ = -1;
    std::vector<Token> tokens_;
    std::optional<std::array<std::uint8_t, 32>> rejection_key_;
    std::optional<int> server_status_;
    bool has_asked_ = false;  // for the PINs
    bool is_listening_ = false;
    bool is_cut_off_ = false;  // stopped before it listened, as far as was known here
};

}  // namespace

int supervise(const Configuration& configuration, const RunServer& server, const std::function<void()>& is_ready,
              Log& log) {
    auto refused_pins = RefusedPins::read(RefusedPins::file_of(configuration.journal));
    if (!refused_pins) {
        log.error(kRoom, refused_pins.error().describe());
        return 1;
    }
    const auto status = Supervisor{configuration, std::move(refused_pins).value(), server, is_ready, log}.run();
    if (!status) {
        log.error(kRoom, status.error().describe());
        return 1;
    }
    if (!WIFSIGNALED(status.value())) return WEXITSTATUS(status.value());
    log.error(kRoom, "the server was ended by signal " + std::to_string(WTERMSIG(status.value())));
    ::signal(WTERMSIG(status.value()), SIG_DFL);
    ::raise(WTERMSIG(status.value()));
    return 1;
}

}  // namespace sealwright::hsm::signer_process
