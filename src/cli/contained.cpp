#include "cli/contained.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>

namespace sealwright::cli {
namespace {

[[noreturn]] void live(Context& context, pid_t parent, const std::function<Result<ExitCode>()>& command) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (::getppid() != parent) ::_exit(static_cast<int>(ExitCode::failed));
    ExitCode exit = ExitCode::failed;
    try {
        exit = context.output.conclude(command());
    } catch (const std::exception& failure) {
        context.output.failure(fail(ErrorCode::internal, "an internal error of the program", failure.what()));
    } catch (...) {
        context.output.failure(fail(ErrorCode::internal, "an internal error of the program"));
    }
    context.output.finish();
    // Not exit: a module's own exit handlers have nothing to say any more, and may crash.
    ::_exit(static_cast<int>(exit));
}

std::string signal_text(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return std::to_string(signal) + (name == nullptr ? "" : " (SIG" + std::string{name} + ")");
}

Error ended_by(int signal, WhenEnded ended) {
    const std::string what = "the PKCS#11 module, or what it called, ended by signal " + signal_text(signal);
    if (ended == WhenEnded::unknown)
        return with_advice(fail(ErrorCode::indeterminate, what),
                           "Look what the token holds now before you ask again: sealwright hsm keys, "
                           "sealwright hsm wrapping-key show.");
    return with_advice(fail(ErrorCode::token, what),
                       "No key was made or changed; a file that was to be written may be there. What the module wrote "
                       "stands above; sealwright hsm test judges modules.");
}

}  // namespace

Result<ExitCode> contained(Context& context, WhenEnded ended, const std::function<Result<ExitCode>()>& command) {
    context.output.finish();  // what is written already must not be written twice
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return fail(ErrorCode::io, "no process for the module", std::strerror(errno));
    if (child == 0) live(context, parent, command);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return fail(ErrorCode::io, "the module's process is lost", std::strerror(errno));
    }
    if (WIFSIGNALED(status)) return ended_by(WTERMSIG(status), ended);
    return static_cast<ExitCode>(WEXITSTATUS(status));
}

}  // namespace sealwright::cli
