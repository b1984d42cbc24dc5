// command_line.hpp: argv understood. The only files that know CLI11 are this one's and arguments_*.cpp, since it costs
// seconds to compile.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "cli/context.hpp"

namespace sealwright::cli {

// Invocation is one command with its options, ready to run.
struct Invocation {
    GlobalOptions global;
    std::function<Result<ExitCode>(Context&)> run;
};

// Answered is a command line that needs no command: help, or a mistake. text belongs on standard output for done, else
// on standard error.
struct Answered {
    ExitCode exit = ExitCode::done;
    std::string text;
};

// parse_command_line reads argv strictly: an unknown option or a missing argument is a mistake that names what is
// allowed.
std::variant<Invocation, Answered> parse_command_line(const std::vector<std::string>& arguments);

// command_names lists every command as typed ("cert issue"), in the order of --help.
std::vector<std::string> command_names();

}  // namespace sealwright::cli
