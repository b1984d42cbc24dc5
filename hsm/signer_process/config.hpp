// config.hpp: the signer's configuration: one TOML file of ours, and the file of [[key]] tables that a ceremony wrote.
// An unknown key, a key given twice and a value of the wrong kind are errors that name file, line and key. The PIN is
// never a value here, only where it comes from.
#pragma once

#include <filesystem>

#include "hsm/signer_process/limits.hpp"
#include "hsm/signer_process/pin_source.hpp"
#include "hsm/signer_process/sandbox.hpp"

namespace sealwright::hsm::signer_process {

// TokenConfiguration is one token: a location of keys, served by a process of its own.
struct TokenConfiguration {
    std::string module, module_init_args;
    std::optional<Sha256> module_sha256;  // another file under the module's path is then not loaded
    std::string serial, label;
    bool judge_evidence = true;  // false: keys are served whatever their attributes say
    PinSource pin;
    unsigned lanes = 4;
    std::chrono::milliseconds hang{5000};    // a token call that takes longer ends the token's process
    std::chrono::milliseconds start{60000};  // to load the module, log in and list the keys, and again to prove them
    SandboxRules sandbox;

    const std::string& name() const noexcept { return label.empty() ? serial : label; }  // for people
};

inline constexpr std::size_t kMaxTokens = 8;

struct Configuration {
    std::string socket;
    unsigned socket_mode = 0660;
    std::string journal;
    std::vector<TokenConfiguration> tokens;  // at least one; the first is preferred
    std::vector<unsigned> allowed_uids;
    std::chrono::milliseconds deadline{10000};
    unsigned max_outstanding = 1024;
    unsigned max_connections = 16;
    SandboxRules::Level sandbox = SandboxRules::Level::best_effort;  // of the process that serves clients
    std::vector<KeyLimits> keys;
    std::vector<NodeId> nodes;  // that may declare boots; empty: any, up to a bound (journal_rules.hpp)
};

// read_configuration reads the file and, if it names one, its keys_file; relative paths are taken from the file's own
// folder.
Result<Configuration> read_configuration(const std::filesystem::path& file);

// parse_configuration is the same for a text; folder is what relative paths are taken from.
Result<Configuration> parse_configuration(std::string_view text, const std::filesystem::path& folder,
                                          const std::string& name);
Result<std::vector<KeyLimits>> parse_keys(std::string_view text, const std::string& name);

}  // namespace sealwright::hsm::signer_process
