// contained.hpp: commands that load a vendor's module run in a process of their own: a module that crashes, or whose
// assertion fails, ends that one, and the program still says so, as JSON too, with an exit status of its table.
#pragma once

#include <functional>

#include "cli/context.hpp"

namespace sealwright::cli {

// WhenEnded is what a command has changed if its process is ended by a signal: nothing (token, exit status 1), or
// something that must be looked for (indeterminate, 6).
enum class WhenEnded : std::uint8_t { unchanged, unknown };

// contained forks, has the child run the command, tell its failure and write its output, and gives the child's exit
// status. The caller has no other threads and no module loaded, and its output goes to the process's own streams. The
// child shares the terminal, so that it can ask for a PIN; it leaves by _exit, and is ended with its parent.
Result<ExitCode> contained(Context& context, WhenEnded ended, const std::function<Result<ExitCode>()>& command);

}  // namespace sealwright::cli
