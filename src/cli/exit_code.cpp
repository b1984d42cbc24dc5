#include "cli/exit_code.hpp"

namespace sealwright::cli {

ExitCode exit_code_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
            return ExitCode::unavailable;
        case ErrorCode::not_found:
            return ExitCode::not_found;
        case ErrorCode::timed_out:
        case ErrorCode::indeterminate:
            return ExitCode::unknown_outcome;
        case ErrorCode::malformed:
        case ErrorCode::too_large:
        case ErrorCode::unsupported:
        case ErrorCode::invalid_signature:
        case ErrorCode::denied:
        case ErrorCode::unauthenticated:
        case ErrorCode::already_exists:
        case ErrorCode::conflict:
        case ErrorCode::expired:
        case ErrorCode::weak_key:
        case ErrorCode::lint:
        case ErrorCode::storage:
        case ErrorCode::token:
        case ErrorCode::clock:
        case ErrorCode::config:
        case ErrorCode::io:
        case ErrorCode::internal:
            return ExitCode::failed;
    }
    return ExitCode::failed;
}

Error with_advice(const Error& error, std::string_view advice) {
    return Error{error.code(), error.public_detail() + '\n' + std::string{advice}, error.private_detail()};
}

std::string describe_exit_codes() {
    return "Exit codes: 0 done, 1 refused or failed, 2 usage, 3 unavailable (try again later), 4 not found,\n"
           "            5 waiting for approval, 6 outcome unknown (look before asking again)";
}

}  // namespace sealwright::cli
