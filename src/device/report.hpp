// report.hpp: how the commands tell what came of a request.
#pragma once

#include "device/commands.hpp"
#include "device/enrolment.hpp"

namespace sealwright::device {

// tell prints the outcome and gives the exit code: done, or waiting.
cli::ExitCode tell(Context& context, const Outcome& outcome);

}  // namespace sealwright::device
