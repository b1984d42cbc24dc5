// The tokens: [token] for one, [[token]] for several; module, module_init_args and lanes of the file are what a token
// has that does not say its own.
#include "hsm/key_evidence.hpp"
#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/toml_table.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::seconds;

// Defaults is what a token has if it does not say otherwise.
struct Defaults {
    std::string module, module_init_args;
    std::int64_t lanes = 4;
};

Result<std::vector<std::string>> paths(TomlTable& table, std::string_view key, const std::filesystem::path& folder) {
    std::vector<std::string> list;
    if (!table.has(key)) return list;
    SEALWRIGHT_TRY(list, table.texts(key));
    for (auto& path : list) path = std::filesystem::path{resolved_path(path, folder)}.lexically_normal().string();
    return list;
}

}  // namespace

Result<SandboxRules::Level> read_sandbox_level(TomlTable& table, std::string_view key);

Result<SandboxRules::Level> read_sandbox_level(TomlTable& table, std::string_view key) {
    SEALWRIGHT_TRY(const auto name, table.text_or(key, "best-effort"));
    const auto level = sandbox_level(name);
    if (!level) return table.problem(key, "must be \"required\", \"best-effort\" or \"off\"");
    return *level;
}

namespace {

Result<SandboxRules> sandbox_rules(TomlTable& token, const std::filesystem::path& folder) {
    SandboxRules rules;
    if (!token.has("sandbox")) return rules;
    SEALWRIGHT_TRY(auto table, token.table("sandbox"));
    SEALWRIGHT_TRY(rules.level, read_sandbox_level(table, "level"));
    SEALWRIGHT_TRY(rules.read, paths(table, "read", folder));
    SEALWRIGHT_TRY(rules.write, paths(table, "write", folder));
    if (table.has("allow")) {
        SEALWRIGHT_TRY(const auto names, table.texts("allow"));
        for (const auto& name : names) {
            const auto permission = sandbox_permission(name);
            if (!permission)
                return table.problem("allow", "holds \"" + name + "\"; known are " + sandbox_permission_names());
            rules.permissions.insert(*permission);
        }
    }
    if (table.has("system_calls")) {
        SEALWRIGHT_TRY(rules.system_calls, table.texts("system_calls"));
        for (const auto& name : rules.system_calls) {
            if (!is_system_call(name)) return table.problem("system_calls", "there is no system call " + name);
        }
    }
    SEALWRIGHT_TRY(table.finish());
    return rules;
}

Result<std::optional<Sha256>> module_digest(TomlTable& token) {
    if (!token.has("module_sha256")) return std::optional<Sha256>{};
    SEALWRIGHT_TRY(const auto text, token.text("module_sha256"));
    const auto digest = Sha256::from_hex_text(text);
    if (!digest) return token.problem("module_sha256", "must be a SHA-256 value in hexadecimal");
    return std::optional{digest.value()};
}

Result<TokenConfiguration> read_token(TomlTable token, const Defaults& defaults, const std::filesystem::path& folder) {
    TokenConfiguration read;
    SEALWRIGHT_TRY(read.module, token.text_or("module", defaults.module));
    if (read.module.empty()) return token.problem("module", "is missing, here and at the top of the file");
    const bool is_default_module = read.module == defaults.module;
    SEALWRIGHT_TRY(read.module_init_args,
                   token.text_or("module_init_args", is_default_module ? defaults.module_init_args : std::string{}));
    SEALWRIGHT_TRY(read.module_sha256, module_digest(token));
    SEALWRIGHT_TRY(read.serial, token.text_or("serial", {}));
    SEALWRIGHT_TRY(read.label, token.text_or("label", {}));
    if (read.serial.empty() && read.label.empty())
        return token.problem("serial", "serial, label or both must name the token");
    SEALWRIGHT_TRY(const auto evidence, token.text_or("evidence", std::string{kNonExtractable}));
    if (evidence != kNonExtractable && evidence != "none")
        return token.problem("evidence", "must be \"non-extractable-v1\", or \"none\" to serve keys as they are");
    read.judge_evidence = evidence != "none";
    SEALWRIGHT_TRY(const auto lanes, token.number_or("lanes", defaults.lanes, 1, 256));
    read.lanes = static_cast<unsigned>(lanes);
    SEALWRIGHT_TRY(const auto hang, token.duration_or("hang", seconds{5}));
    if (hang < seconds{1}) return token.problem("hang", "must be at least 1s");
    read.hang = hang;
    SEALWRIGHT_TRY(const auto start, token.duration_or("start", seconds{60}));
    if (start < seconds{1}) return token.problem("start", "must be at least 1s");
    read.start = start;
    SEALWRIGHT_TRY(read.pin, read_pin_source(token, folder));
    SEALWRIGHT_TRY(read.sandbox, sandbox_rules(token, folder));
    SEALWRIGHT_TRY(token.finish());
    return read;
}

bool is_same_token(const TokenConfiguration& a, const TokenConfiguration& b) {
    return a.module == b.module && a.serial == b.serial && a.label == b.label;
}

}  // namespace

Result<std::vector<TokenConfiguration>> read_tokens(TomlTable& root, const std::filesystem::path& folder);

Result<std::vector<TokenConfiguration>> read_tokens(TomlTable& root, const std::filesystem::path& folder) {
    Defaults defaults;
    SEALWRIGHT_TRY(defaults.module, root.text_or("module", {}));
    SEALWRIGHT_TRY(defaults.module_init_args, root.text_or("module_init_args", {}));
    SEALWRIGHT_TRY(defaults.lanes, root.number_or("lanes", defaults.lanes, 1, 256));
    std::vector<TokenConfiguration> tokens;
    std::vector<TomlTable> tables;
    if (root.is_list("token")) {
        SEALWRIGHT_TRY(tables, root.tables("token"));
    } else {
        SEALWRIGHT_TRY(auto only, root.table("token"));
        tables.push_back(std::move(only));
    }
    if (tables.empty() || tables.size() > kMaxTokens)
        return root.problem("token", "1 to " + std::to_string(kMaxTokens) + " tokens can be named");
    for (TomlTable& table : tables) {
        const TomlTable here = table;
        SEALWRIGHT_TRY(auto token, read_token(std::move(table), defaults, folder));
        for (const auto& other : tokens) {
            if (is_same_token(token, other)) return here.problem("serial", "a token that stands there twice");
        }
        tokens.push_back(std::move(token));
    }
    return tokens;
}

}  // namespace sealwright::hsm::signer_process
