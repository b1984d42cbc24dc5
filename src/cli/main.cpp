// main.cpp: sealwright, the operator's command line.
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>

#include "cli/program.hpp"

int main(int argc, char** argv) {
    // PINs and secrets pass through this process: it leaves no core file.
    const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    const auto terminal = sealwright::cli::make_terminal();
    const sealwright::SystemClock clock;
    return sealwright::cli::run_program({argv + 1, argv + argc},
                                        {.out = std::cout,
                                         .err = std::cerr,
                                         .width = sealwright::cli::terminal_width(STDOUT_FILENO),
                                         .live_errors = sealwright::cli::is_terminal(STDERR_FILENO),
                                         .terminal = *terminal,
                                         .clock = clock});
}
