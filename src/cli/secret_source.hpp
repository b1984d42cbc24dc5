// secret_source.hpp: a PIN or an enrolment secret from where the command line says it is. Never from argv or the
// environment.
#pragma once

#include "cli/options.hpp"
#include "cli/terminal.hpp"

namespace sealwright::cli {

// read_secret reads from the descriptor, the file, or else asks with this prompt. flag ("pin", "secret") names the
// options in the failure's advice.
Result<Secret> read_secret(const SecretOptions& options, Terminal& terminal, std::string_view prompt,
                           const std::string& flag);

}  // namespace sealwright::cli
