// confirmation.hpp: what must not happen by a slip of the fingers is asked once more.
#pragma once

#include "cli/context.hpp"

namespace sealwright::cli {

// confirm_unless gives true where the person at the terminal says yes, or where yes was said on the command line. Where
// there is nobody to ask it fails and says how a program confirms; a no is told on standard error.
Result<bool> confirm_unless(bool yes, Context& context, const std::string& question);

}  // namespace sealwright::cli
