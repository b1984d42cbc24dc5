// context.hpp: what every command gets: what was asked of all of them, where to speak, whom to ask, what time it is.
#pragma once

#include "base/clock.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace sealwright::cli {

struct Context {
    const GlobalOptions& global;
    Output& output;
    Terminal& terminal;
    const Clock& clock;
};

}  // namespace sealwright::cli
