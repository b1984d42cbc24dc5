// program.hpp: the whole program but for main: argv in, exit code out, with everything it touches given to it.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/terminal.hpp"

namespace sealwright::cli {

struct Surroundings {
    std::ostream& out;
    std::ostream& err;
    std::optional<std::size_t> width;  // of the terminal that out is
    bool live_errors = false;          // err is a terminal
    Terminal& terminal;
    const Clock& clock;
};

// run_program never throws: what is not a Result is told as an internal error.
int run_program(const std::vector<std::string>& arguments, const Surroundings& surroundings) noexcept;

}  // namespace sealwright::cli
