#include "hsm/signer_process/config.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <limits>

#include "base/file.hpp"
#include "hsm/signer_process/toml_table.hpp"

namespace sealwright::hsm::signer_process {

Result<std::vector<KeyLimits>> read_key_tables(TomlTable& root);  // config_keys.cpp
Result<std::vector<TokenConfiguration>> read_tokens(TomlTable& root,
                                                    const std::filesystem::path& folder);  // config_tokens.cpp
Result<SandboxRules::Level> read_sandbox_level(TomlTable& table, std::string_view key);    // config_tokens.cpp

namespace {

constexpr std::size_t kMaxFile = 1U << 20U;

Result<unsigned> octal_mode(TomlTable& table, std::string_view key, unsigned otherwise) {
    if (!table.has(key)) return otherwise;
    SEALWRIGHT_TRY(const auto text, table.text(key));
    unsigned mode = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (error != std::errc{} || end != text.data() + text.size() || mode > 0777)
        return table.problem(key, "must be permission bits in octal, as \"0660\"");
    return mode;
}

Result<unsigned> uid_of(const TomlTable& table, const toml::node& node) {
    if (const auto number = node.value_exact<std::int64_t>()) {
        if (*number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
            return table.problem("allowed_uids", "a number that is no user");
        return static_cast<unsigned>(*number);
    }
    const auto name = node.value_exact<std::string>();
    if (!name) return table.problem("allowed_uids", "must be a list of user numbers or names");
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    ::getpwnam_r(name->c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) return table.problem("allowed_uids", "there is no user " + *name);
    return static_cast<unsigned>(found->pw_uid);
}

Result<std::vector<NodeId>> read_nodes(TomlTable& root) {
    std::vector<NodeId> nodes;
    if (!root.has("nodes")) return nodes;
    SEALWRIGHT_TRY(const auto names, root.texts("nodes"));
    for (const std::string& name : names) {
        const auto node = NodeId::from_hex_text(name);
        if (!node) return root.problem("nodes", "'" + name + "' is no node: 32 hexadecimal digits");
        nodes.push_back(node.value());
    }
    return nodes;
}

Result<void> read_keys(TomlTable& root, Configuration& configuration, const std::filesystem::path& folder) {
    if (root.has("keys_file")) {
        if (root.has("key")) return root.problem("keys_file", "keys stand in keys_file or here, not in both");
        SEALWRIGHT_TRY(const auto path, root.text("keys_file"));
        const std::string file = resolved_path(path, folder);
        SEALWRIGHT_TRY(const auto text, read_text_file(file, kMaxFile));
        SEALWRIGHT_TRY(configuration.keys, parse_keys(text, file));
        return success();
    }
    SEALWRIGHT_TRY(configuration.keys, read_key_tables(root));
    if (configuration.keys.empty())
        return root.problem("key", "is missing: a signer without keys signs nothing; give [[key]] tables or keys_file");
    return success();
}

}  // namespace

Result<Configuration> parse_configuration(std::string_view text, const std::filesystem::path& folder,
                                          const std::string& name) {
    SEALWRIGHT_TRY(const auto document, parse_toml(text, name));
    TomlTable root{document, name, {}};
    SEALWRIGHT_TRY(root.number("format", 1, 1));
    Configuration configuration;
    SEALWRIGHT_TRY(const auto socket, root.text("socket"));
    configuration.socket = resolved_path(socket, folder);
    SEALWRIGHT_TRY(configuration.socket_mode, octal_mode(root, "socket_mode", configuration.socket_mode));
    SEALWRIGHT_TRY(const auto journal, root.text("journal"));
    configuration.journal = resolved_path(journal, folder);
    SEALWRIGHT_TRY(const toml::array* uids, root.array("allowed_uids"));
    for (const toml::node& node : *uids) {
        SEALWRIGHT_TRY(const auto uid, uid_of(root, node));
        configuration.allowed_uids.push_back(uid);
    }
    SEALWRIGHT_TRY(const auto deadline, root.duration_or("deadline", std::chrono::seconds{10}));
    SEALWRIGHT_TRY(const auto outstanding, root.number_or("max_outstanding", configuration.max_outstanding, 1, 65536));
    SEALWRIGHT_TRY(const auto connections, root.number_or("max_connections", configuration.max_connections, 1, 256));
    configuration.deadline = deadline;
    configuration.max_outstanding = static_cast<unsigned>(outstanding);
    configuration.max_connections = static_cast<unsigned>(connections);
    SEALWRIGHT_TRY(configuration.nodes, read_nodes(root));
    SEALWRIGHT_TRY(configuration.sandbox, read_sandbox_level(root, "sandbox"));
    SEALWRIGHT_TRY(configuration.tokens, read_tokens(root, folder));
    SEALWRIGHT_TRY(read_keys(root, configuration, folder));
    SEALWRIGHT_TRY(root.finish());
    return configuration;
}

Result<Configuration> read_configuration(const std::filesystem::path& file) {
    SEALWRIGHT_TRY(const auto text, read_text_file(file, kMaxFile));
    const auto folder = std::filesystem::absolute(file).parent_path();
    return parse_configuration(text, folder, file.string());
}

}  // namespace sealwright::hsm::signer_process
