#include "device/device_main.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>

#include "device/command_line.hpp"

namespace sealwright::device {
namespace {

cli::ExitCode run_command(const Invocation& invocation) {
    cli::Output output{std::cout,
                       std::cerr,
                       {.json = invocation.common.json,
                        .quiet = invocation.common.quiet,
                        .width = cli::terminal_width(STDOUT_FILENO),
                        .live_errors = cli::is_terminal(STDERR_FILENO),
                        .program = "sealwright-device"}};
    const auto terminal = cli::make_terminal();
    const SystemClock clock;
    Context context{invocation.common, output, *terminal, clock};
    const auto outcome = invocation.run(context);
    cli::ExitCode exit =
        outcome ? outcome.value() : output.failure(outcome.error(), exit_code_of(outcome.error().code()));
    if (!output.finish())
        exit = output.failure(fail(ErrorCode::io, "the output could not be written: is the disk full?"));
    return exit;
}

int run(const std::vector<std::string>& arguments) {
    auto parsed = parse_command_line(arguments);
    if (const auto* answered = std::get_if<Answered>(&parsed)) {
        (answered->exit == cli::ExitCode::done ? std::cout : std::cerr) << answered->text << std::flush;
        return static_cast<int>(answered->exit);
    }
    return static_cast<int>(run_command(std::get<Invocation>(parsed)));
}

}  // namespace

int device_main(int argc, char** argv) noexcept {
    // Secrets pass through this process: it leaves no core file. What it writes is its user's alone.
    const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::umask(0077);
    // The TPM's software writes its own view of every refusal to standard error; ours says it in words. Who wants both
    // sets it.
    ::setenv("TSS2_LOG", "all+none", 0);
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& failure) {
        std::cerr << "sealwright-device: internal error: " << failure.what()
                  << "\n  This is a fault of the program; please report it with the command that led to it.\n";
    } catch (...) {
        std::cerr << "sealwright-device: internal error\n";
    }
    return static_cast<int>(cli::ExitCode::failed);
}

}  // namespace sealwright::device
