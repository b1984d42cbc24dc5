// inputs_reading.hpp: the verifier's own reading of script.toml, bindings.toml and signer-keys.toml, as far as it
// compares them with what the transcript says happened. The ceremony's program has read them strictly; here the
// question is only whether it did what they say.
#pragma once

#include <map>
#include <optional>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace sealwright::verifier {

struct SignerKeyReading {
    std::string key, name;  // key: a step in a script, a digest in signer-keys.toml
    std::vector<std::string> purposes, algorithms;
    std::map<std::string, std::string> limits;  // "certificate.max_validity" -> "90d", "certificate.ca" -> "false", ...
};

struct StepReading {
    std::string id, action, by;
    std::map<std::string, std::string> texts;  // every other text; numbers as decimal text
    std::vector<SignerKeyReading> signer_keys;
    std::string text(const std::string& key) const {
        const auto found = texts.find(key);
        return found == texts.end() ? std::string{} : found->second;
    }
};

struct ScriptReading {
    std::string title, kind;
    std::vector<StepReading> steps;
    std::vector<std::pair<std::string, std::size_t>> roles;  // id, how many people
    const StepReading* find(std::string_view id) const noexcept;
};
Result<ScriptReading> read_script(std::string_view toml);

struct PersonReading {
    std::string role, name, initials;
    friend auto operator<=>(const PersonReading&, const PersonReading&) = default;
};
struct TokenReading {
    std::string module, module_sha256, serial, label;
};
struct BindingsReading {
    std::string mode;
    std::map<std::string, TokenReading> tokens;  // by role
    std::vector<PersonReading> people;
    std::map<std::string, std::string> logs, values;
    std::map<std::string, std::string> keys, certificates;  // SHA-256 of what earlier ceremonies made, by name
    std::map<std::string, std::vector<std::string>> names;
    std::optional<UtcTime> signing_time;
    bool holds(std::string_view role, std::string_view name, std::string_view initials) const noexcept;
};
Result<BindingsReading> read_bindings(std::string_view toml);

Result<std::vector<SignerKeyReading>> read_signer_keys(std::string_view toml);

}  // namespace sealwright::verifier
