// exit_code.hpp: what the program tells a script by its exit status, and which failure gives which (docs/errors.md has
// the same table).
#pragma once

#include <string>

#include "base/result.hpp"

namespace sealwright::cli {

// ExitCode values are stable.
enum class ExitCode : int {
    done = 0,
    failed = 1,  // refused, failed, or a check found something wrong
    usage = 2,   // the command line cannot be understood, or needs something it did not say
    unavailable =
        3,  // the daemon or a part it needs cannot be reached: trying again later can help, and nothing was changed
    not_found = 4,        // no such certificate, request, profile, secret, key or token
    waiting = 5,          // accepted, but not finished: somebody must approve
    unknown_outcome = 6,  // it is not known whether it happened: look before asking again
};

ExitCode exit_code_of(ErrorCode code) noexcept;

// with_advice adds a line that says what to do next; Output::failure prints it below the failure itself.
Error with_advice(const Error& error, std::string_view advice);

// describe_exit_codes is the text at the end of `sealwright --help`.
std::string describe_exit_codes();

}  // namespace sealwright::cli
