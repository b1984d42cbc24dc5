// commands.hpp: what the program does, and what it was asked, as plain values. The commands never see argv.
#pragma once

#include "base/clock.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace sealwright::device {

inline constexpr const char* kDefaultState = "/var/lib/sealwright-device";

// CommonOptions are those of every command.
struct CommonOptions {
    std::string state = kDefaultState;
    std::string tcti;  // empty: tpm::default_tcti
    bool json = false, quiet = false;
};

struct EnrollOptions {
    std::string server, ca_file, profile;
    cli::SecretOptions secret;
    std::string ek = "auto", ak = "ecc", key = "p256";
    std::string subject;
    std::vector<std::string> dns;
    bool anew = false;
};

struct RenewOptions {
    std::string within;  // a duration; empty: a third of the lifetime
    bool force = false;
    bool same_key = false;
    bool anew = false;
    std::string ca_file;  // empty: the roots that were kept
};

struct Context {
    const CommonOptions& common;
    cli::Output& output;
    cli::Terminal& terminal;
    const Clock& clock;
    std::string tcti() const;
};

// exit_code_of is cli::exit_code_of, but for errors of the CA or of this machine that pass without anybody's doing:
// they give unavailable, on which the units try again.
cli::ExitCode exit_code_of(ErrorCode code) noexcept;

Result<cli::ExitCode> enroll(Context& context, const EnrollOptions& options);
Result<cli::ExitCode> renew(Context& context, const RenewOptions& options);
Result<cli::ExitCode> status(Context& context);

}  // namespace sealwright::device
