// site_check.hpp: what a configuration names and this machine does not have: a module, a PIN, a path of a sandbox, a
// token that keys were enrolled in. No module is loaded, nobody asked, and token, TPM, journal and socket not touched.
#pragma once

#include "base/log.hpp"
#include "hsm/signer_process/config.hpp"

namespace sealwright::hsm::signer_process {

// SiteFinding: error keeps the signer from starting, warning will be missed later, info could not be looked at.
struct SiteFinding {
    LogLevel level = LogLevel::error;
    std::string what;
};
using SiteFindings = std::vector<SiteFinding>;

// check_agreement holds the parts of a configuration against each other. The `locations` of each key against the
// tokens: error where none of them can be one of these, warning for a serial that no token has. The deadline against
// the time after which a token's call is given up: warning where it ends before.
SiteFindings check_agreement(const Configuration& configuration);

// check_site is check_agreement and a look at the machine, with the rights of whoever asks: module files (and their
// module_sha256), the PIN's file or credential as the start would read it, the file of a sealed PIN, the sandbox's
// paths. A PIN that was read is zeroised at once.
SiteFindings check_site(const Configuration& configuration);

bool has_error(const SiteFindings& findings);
// tell writes them to the log, each at its level.
void tell(const SiteFindings& findings, Log& log);

}  // namespace sealwright::hsm::signer_process
