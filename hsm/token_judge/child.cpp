#include "hsm/token_judge/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <stdexcept>

namespace sealwright::hsm::token_judge {
namespace {

using std::chrono::steady_clock;

std::atomic<bool> stop{false};
std::atomic<bool> asked_to_leave{false};  // in a child
static_assert(std::atomic<bool>::is_always_lock_free);

// Pipe is both ends of one, closed on exec.
class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    }
    ~Pipe() {
        close_reader();
        close_writer();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    int reader() const noexcept { return ends_[0]; }
    int writer() const noexcept { return ends_[1]; }
    void close_reader() noexcept { close(ends_[0]); }
    void close_writer() noexcept { close(ends_[1]); }

private:
    static void close(int& end) noexcept {
        if (end >= 0) ::close(end);
        end = -1;
    }

    std::array<int, 2> ends_{-1, -1};
};

// A module may print; the parent's standard output is a report.
void be_silent() {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, descriptor);
}

// The PIN comes by the pipe: a Secret's pages are not inherited by a fork.
Secret receive_pin(int descriptor) {
    auto pin = read_secret_from_fd(descriptor);
    return pin ? std::move(pin).value() : Secret{};
}

[[noreturn]] void live(int pin_descriptor, int message_descriptor, pid_t parent,
                       const std::function<void(Reporter&, Secret)>& body) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(2);
    ::prctl(PR_SET_DUMPABLE, 0);
    for (const int signal : {SIGINT, SIGHUP}) ::signal(signal, SIG_DFL);
    ::signal(SIGTERM, [](int) { asked_to_leave.store(true); });
    be_silent();
    Reporter reporter{message_descriptor};
    try {
        body(reporter, receive_pin(pin_descriptor));
        reporter.send("end", {});
    } catch (const std::exception& problem) {
        reporter.failure(fail(ErrorCode::internal, "the probe failed", problem.what()));
    }
    // Not exit: destructors and modules' own exit handlers have nothing to say any more, and may crash.
    ::_exit(0);
}

void write_pin(int descriptor, const Secret& pin) {
    const ByteView octets = pin.reveal();
    // One line of at most 1024 octets: it fits into the pipe whole, whether the child reads it or not.
    if (!octets.empty() && ::write(descriptor, octets.data(), octets.size()) < 0)
        throw std::runtime_error{"the PIN cannot be handed over"};
}

unsigned seconds_of(const Message& message, unsigned fallback) {
    if (message.fields.size() < 2) return fallback;
    unsigned seconds = 0;
    const std::string& text = message.fields[1];
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return problem == std::errc{} && *end == '\0' ? seconds : fallback;
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name == nullptr ? "signal " + std::to_string(signal) : "SIG" + std::string{name};
}

// Watch reads what the child says until it ends, is silent for too long, or the user wants to stop.
class Watch {
public:
    Watch(int descriptor, unsigned patience, bool may_stop, const std::function<void(const Message&)>& on_message)
        : descriptor_(descriptor), patience_(patience), may_stop_(may_stop), on_message_(on_message) {
        rest();
    }

    std::optional<ChildEnd> until_silence() {
        for (;;) {
            if (may_stop_ && stop_requested()) return ChildEnd{Ending::interrupted, {}};
            const auto left = deadline_ - steady_clock::now();
            if (left <= left.zero()) return ChildEnd{Ending::hung, "over " + std::to_string(patience_) + " s"};
            if (!wait(left)) continue;
            std::array<char, 4096> chunk{};
            const ssize_t count = ::read(descriptor_, chunk.data(), chunk.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return std::nullopt;  // it has closed its end: it is gone
            if (!reader_.take({chunk.data(), static_cast<std::size_t>(count)}))
                return ChildEnd{Ending::stopped, "it said too much"};
            pass_on();
            if (ended_well_) return std::nullopt;
        }
    }
    // until_gone waits for the child to leave by itself; what it still says is not listened to.
    void until_gone(std::chrono::seconds grace) {
        deadline_ = steady_clock::now() + grace;
        for (auto left = deadline_ - steady_clock::now(); left > left.zero(); left = deadline_ - steady_clock::now()) {
            std::array<char, 4096> chunk{};
            if (wait(left) && ::read(descriptor_, chunk.data(), chunk.size()) == 0) return;
        }
    }
    bool ended_well() const noexcept { return ended_well_; }

private:
    void rest() { deadline_ = steady_clock::now() + std::chrono::seconds{patience_}; }
    bool wait(steady_clock::duration left) const {
        const auto slice = std::min<steady_clock::duration>(left, std::chrono::milliseconds{200});
        pollfd poll{descriptor_, POLLIN, 0};
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(slice).count();
        return ::poll(&poll, 1, static_cast<int>(milliseconds)) > 0;
    }
    void pass_on() {
        while (const auto message = reader_.next()) {
            if (message->kind == "step") {
                patience_ = seconds_of(*message, patience_);
                rest();
            }
            if (message->kind == "end" || message->kind == "failure" || message->kind == "refused") ended_well_ = true;
            on_message_(*message);
        }
    }

    int descriptor_;
    unsigned patience_;
    bool may_stop_;
    const std::function<void(const Message&)>& on_message_;
    steady_clock::time_point deadline_;
    MessageReader reader_;
    bool ended_well_ = false;
};

// Its process group may hold what the module has started.
void kill_with_offspring(pid_t child) {
    ::kill(-child, SIGKILL);
    ::kill(child, SIGKILL);
}

int reap(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

// reap_within gives the status of a child that leaves in time: one that has said its last word may yet hang, in
// C_Finalize or in what the module does when it is unloaded.
std::optional<int> reap_within(pid_t child, std::chrono::seconds patience) {
    const auto until = steady_clock::now() + patience;
    for (auto pause = std::chrono::milliseconds{1};; pause = std::min(2 * pause, std::chrono::milliseconds{50})) {
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) return status;
        if (steady_clock::now() >= until) return std::nullopt;
        ::poll(nullptr, 0, static_cast<int>(pause.count()));
    }
}

ChildEnd end_of(int status, bool ended_well) {
    if (WIFSIGNALED(status)) return {Ending::crashed, signal_name(WTERMSIG(status))};
    if (WEXITSTATUS(status) != 0 || !ended_well)
        return {Ending::stopped, "status " + std::to_string(WEXITSTATUS(status))};
    return {};
}

}  // namespace

void request_stop() noexcept { stop.store(true); }
bool stop_requested() noexcept { return stop.load(); }
void leave_if_asked() noexcept {
    if (asked_to_leave.load()) ::_exit(0);
}
void forget_stop() noexcept { stop.store(false); }

ChildEnd run_child(const Secret& pin, unsigned patience, bool may_stop,
                   const std::function<void(Reporter&, Secret)>& body,
                   const std::function<void(const Message&)>& on_message) {
    if (may_stop && stop_requested()) return {Ending::interrupted, {}};
    Pipe pins, messages;
    write_pin(pins.writer(), pin);  // before there is anybody who could close the other end
    pins.close_writer();
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error{"no process"};
    if (child == 0) {
        messages.close_reader();
        live(pins.reader(), messages.writer(), parent, body);
    }
    pins.close_reader();
    messages.close_writer();
    ChildEnd end;
    try {
        Watch watch{messages.reader(), patience, may_stop, on_message};
        const auto early = watch.until_silence();
        if (early && early->how == Ending::interrupted) {
            ::kill(child, SIGTERM);
            watch.until_gone(std::chrono::seconds{5});
        }
        if (early) kill_with_offspring(child);
        if (early) {
            reap(child);
            return *early;
        }
        const auto status = reap_within(child, std::chrono::seconds{patience});
        if (status) return end_of(*status, watch.ended_well());
        kill_with_offspring(child);
        reap(child);
        return {Ending::hung, "over " + std::to_string(patience) + " s after its last word"};
    } catch (...) {
        kill_with_offspring(child);
        reap(child);
        throw;
    }
}

}  // namespace sealwright::hsm::token_judge
