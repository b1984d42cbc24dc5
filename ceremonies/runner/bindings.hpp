// bindings.hpp: what differs between a rehearsal and production: the tokens, the people, the names of the site. Never a
// PIN: only where it comes from.
#pragma once

#include <filesystem>
#include <map>

#include "base/ids.hpp"
#include "ceremonies/runner/desk.hpp"
#include "ceremonies/runner/script.hpp"

namespace sealwright::ceremonies {

inline constexpr unsigned kBindingsFormat = 1;

enum class Mode : std::uint8_t { production, rehearsal };
std::string_view mode_name(Mode mode) noexcept;

enum class PinSource : std::uint8_t { prompt, fd, credential, file };

struct TokenBinding {
    std::string role;
    std::string module;                   // path or name for the dynamic loader
    std::string init_args;                // for modules that need them
    std::optional<Sha256> module_sha256;  // refused if the module's file has another
    std::string serial, label;
    PinSource pin = PinSource::prompt;
    int pin_fd = -1;
    std::string pin_location;  // name of a credential, or path as resolved against the bindings' folder
    std::size_t line = 0;
};

// A certificate of an earlier ceremony, in a file that may lie anywhere: its digest says which one is meant.
struct CertificateBinding {
    std::string path;  // as resolved against the bindings' folder
    Sha256 sha256;     // of its DER
};

struct Bindings {
    Mode mode = Mode::rehearsal;
    std::string place;
    std::vector<TokenBinding> tokens;
    std::vector<Person> people;
    std::map<std::string, std::string> values;              // placeholders of the profiles
    std::map<std::string, std::vector<std::string>> names;  // lists of names for certificates: DNS names, addresses
    std::map<std::string, std::string> logs;                // origins of logs: "transcript", "audit", ...
    std::map<std::string, KeyId> keys;                      // of earlier ceremonies, by the SHA-256 of their SPKI
    std::map<std::string, CertificateBinding> certificates;
    std::optional<UtcTime> signing_time;  // instead of the clock, in certificates and CRLs

    const TokenBinding* token(std::string_view role) const noexcept;
    std::vector<Person> holders(std::string_view role) const;
};

// parse_bindings adds every problem; folder is where relative PIN files start.
Bindings parse_bindings(std::string_view toml, const std::string& source_name, const std::filesystem::path& folder,
                        Problems& problems);

// check_bindings compares with what the script needs: each token, person, list, log, key and certificate that it names,
// and none that it does not.
void check_bindings(const Script& script, const Bindings& bindings, const std::string& source_name, Problems& problems);

}  // namespace sealwright::ceremonies
