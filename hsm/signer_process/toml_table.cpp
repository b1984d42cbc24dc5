#include "hsm/signer_process/toml_table.hpp"

namespace sealwright::hsm::signer_process {

Error TomlTable::problem(std::string_view key, std::string_view what) const {
    const toml::node* node = table_.get(key);
    const auto line = (node == nullptr ? table_.source() : node->source()).begin.line;
    std::string where = path_;
    if (!where.empty() && !key.empty()) where += '.';
    where += key;
    return fail(ErrorCode::config, name_ + ":" + std::to_string(line) + ": " + where + ": " + std::string{what});
}

Result<const toml::node*> TomlTable::find(std::string_view key) {
    asked_.emplace(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return problem(key, "is missing");
    return node;
}

template <class T>
Result<T> TomlTable::value(std::string_view key, std::string_view kind) {
    SEALWRIGHT_TRY(const toml::node* node, find(key));
    const auto found = node->value_exact<T>();
    if (!found) return problem(key, "must be " + std::string{kind});
    return *found;
}

Result<std::string> TomlTable::text(std::string_view key) {
    SEALWRIGHT_TRY(auto found, value<std::string>(key, "a string"));
    if (found.empty()) return problem(key, "must not be empty");
    return found;
}

Result<std::string> TomlTable::text_or(std::string_view key, std::string otherwise) {
    if (!has(key)) return otherwise;
    return text(key);
}

Result<bool> TomlTable::boolean_or(std::string_view key, bool otherwise) {
    if (!has(key)) return otherwise;
    return value<bool>(key, "true or false");
}

Result<std::int64_t> TomlTable::number(std::string_view key, std::int64_t least, std::int64_t most) {
    SEALWRIGHT_TRY(const auto found, value<std::int64_t>(key, "a whole number"));
    if (found < least || found > most)
        return problem(key, "must lie between " + std::to_string(least) + " and " + std::to_string(most));
    return found;
}

Result<std::int64_t> TomlTable::number_or(std::string_view key, std::int64_t otherwise, std::int64_t least,
                                          std::int64_t most) {
    if (!has(key)) return otherwise;
    return number(key, least, most);
}

Result<std::chrono::seconds> TomlTable::duration(std::string_view key) {
    SEALWRIGHT_TRY(const auto found, text(key));
    auto parsed = parse_duration(found);
    if (!parsed) return problem(key, parsed.error().public_detail());
    return parsed;
}

Result<std::chrono::seconds> TomlTable::duration_or(std::string_view key, std::chrono::seconds otherwise) {
    if (!has(key)) return otherwise;
    return duration(key);
}

Result<const toml::array*> TomlTable::array(std::string_view key) {
    SEALWRIGHT_TRY(const toml::node* node, find(key));
    const toml::array* found = node->as_array();
    if (found == nullptr || found->empty()) return problem(key, "must be a list that is not empty");
    return found;
}

Result<std::vector<std::string>> TomlTable::texts(std::string_view key) {
    SEALWRIGHT_TRY(const toml::array* found, array(key));
    std::vector<std::string> list;
    for (const toml::node& node : *found) {
        auto entry = node.value_exact<std::string>();
        if (!entry || entry->empty()) return problem(key, "must be a list of strings");
        list.push_back(std::move(*entry));
    }
    return list;
}

Result<TomlTable> TomlTable::table(std::string_view key) {
    SEALWRIGHT_TRY(const toml::node* node, find(key));
    const toml::table* found = node->as_table();
    if (found == nullptr) return problem(key, "must be a table");
    return TomlTable{*found, name_, path_.empty() ? std::string{key} : path_ + "." + std::string{key}};
}

Result<std::vector<TomlTable>> TomlTable::tables(std::string_view key) {
    std::vector<TomlTable> list;
    if (!has(key)) return list;
    SEALWRIGHT_TRY(const toml::array* found, array(key));
    for (const toml::node& node : *found) {
        const toml::table* entry = node.as_table();
        if (entry == nullptr) return problem(key, "must be a list of tables");
        list.emplace_back(*entry, name_, std::string{key} + "[" + std::to_string(list.size()) + "]");
    }
    return list;
}

Result<void> TomlTable::finish() const {
    for (const auto& [key, node] : table_) {
        if (!asked_.contains(key.str())) return problem(key.str(), "is not a known key");
    }
    return success();
}

std::string resolved_path(const std::string& path, const std::filesystem::path& folder) {
    const std::filesystem::path given{path};
    return given.is_absolute() ? path : (folder / given).string();
}

Result<toml::table> parse_toml(std::string_view text, const std::string& name) {
    try {
        return toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        return fail(ErrorCode::config,
                    name + ":" + std::to_string(error.source().begin.line) + ": " + std::string{error.description()});
    }
}

std::string toml_string(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out{'"'};
    for (const char each : text) {
        const auto octet = static_cast<unsigned char>(each);
        if (each == '"' || each == '\\') {
            out += '\\';
            out += each;
        } else if (octet < 0x20 || octet == 0x7f) {
            out += "\\u00";
            out += kDigits[octet >> 4U];
            out += kDigits[octet & 15U];
        } else {
            out += each;
        }
    }
    return out + '"';
}

}  // namespace sealwright::hsm::signer_process
