// store_commands.hpp: `sealwrightd store ...`: what a person sets by hand in the store after a theft or a wrong clock,
// while the daemon is stopped (docs/operations/stolen-daemon.md). No signer, no network.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config.hpp"

namespace sealwright::server {

// How far a number may go without StoreCommand::far: what the signer takes above the last that it has seen, at once
// (docs/operations/signer.md). Further is either several steps of a thief or a slip, and what is too far for the signer
// can never be taken back.
inline constexpr std::uint64_t kBootStep = 1U << 16U, kCrlNumberStep = 1U << 20U;
inline constexpr std::size_t kMaxReason = 1024;

struct StoreCommand {
    enum class Verb : std::uint8_t { show, raise_boot, raise_crl_number, accept_clock };

    std::optional<Verb> verb;  // none: the daemon itself is wanted
    bool json = false;         // of show
    bool write = false;        // false: say what would be changed, and change nothing
    bool far = false;
    std::uint64_t number = 0;
    std::string issuer;  // kConfiguredIssuer, or a key id
    std::string reason;
    std::vector<std::string> typed;  // the whole command line, for the advice to type it as another user
};

// What the CA of the configuration is called where an issuer is asked for.
inline constexpr std::string_view kConfiguredIssuer = "issuing";

// check_reason and check_number say what is wrong with what was typed; nothing where it may be used. A reason is kept
// for ever and shown on terminals: text of one line. A number is decimal and nothing else.
std::string check_reason(std::string_view reason);
std::string check_number(std::string_view number);

// run_store_command does what was asked and tells it on `out`. It takes the state's lock and leaves the schema as it
// is. Errors: conflict (a daemon runs; the number is not greater; the clock is not behind; another schema), denied
// (another user's state; a number that is far ahead; a clock that cannot be right), not_found (no state, store or
// issuer), clock (it is behind, nothing can be recorded), too_large, storage. Nothing was changed then.
Result<void> run_store_command(const StoreCommand& command, const Config& config, const Clock& clock, std::ostream& out,
                               Log& log);

}  // namespace sealwright::server
