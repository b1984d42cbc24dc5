// command_line.hpp: argv read strictly. The one file that sees CLI11 is command_line.cpp.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "device/commands.hpp"

namespace sealwright::device {

// Invocation is one command with its options, ready to run.
struct Invocation {
    CommonOptions common;
    std::function<Result<cli::ExitCode>(Context&)> run;
};

// Answered is a command line that needs no command: help, or a mistake. text belongs on standard output for done, else
// on standard error.
struct Answered {
    cli::ExitCode exit = cli::ExitCode::done;
    std::string text;
};

std::variant<Invocation, Answered> parse_command_line(const std::vector<std::string>& arguments);

}  // namespace sealwright::device
