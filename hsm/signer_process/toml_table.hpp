// toml_table.hpp: a table of the signer's configuration, read strictly: the first thing that is wrong ends the reading,
// with file, line and key. Brings toml++ along: for the readers of its files alone (config*.cpp,
// key_register.cpp, pin_source.cpp, sealed_pin.cpp).
#pragma once

#include <toml++/toml.h>
#include <filesystem>
#include <set>

#include "base/clock.hpp"

namespace sealwright::hsm::signer_process {

// TomlTable remembers which keys were asked for; finish refuses the others.
class TomlTable {
public:
    TomlTable(const toml::table& table, std::string name, std::string path)
        : table_(table), name_(std::move(name)), path_(std::move(path)) {}

    bool has(std::string_view key) const { return table_.contains(key); }
    bool is_list(std::string_view key) const { return table_[key].is_array(); }
    Result<std::string> text(std::string_view key);
    Result<std::string> text_or(std::string_view key, std::string otherwise);
    Result<bool> boolean_or(std::string_view key, bool otherwise);
    Result<std::int64_t> number(std::string_view key, std::int64_t least, std::int64_t most);
    Result<std::int64_t> number_or(std::string_view key, std::int64_t otherwise, std::int64_t least, std::int64_t most);
    Result<std::chrono::seconds> duration(std::string_view key);
    Result<std::chrono::seconds> duration_or(std::string_view key, std::chrono::seconds otherwise);
    Result<std::vector<std::string>> texts(std::string_view key);
    Result<TomlTable> table(std::string_view key);
    Result<std::vector<TomlTable>> tables(std::string_view key);
    Result<const toml::array*> array(std::string_view key);
    Result<void> finish() const;

    // problem names file, line and key.
    Error problem(std::string_view key, std::string_view what) const;

private:
    Result<const toml::node*> find(std::string_view key);
    template <class T>
    Result<T> value(std::string_view key, std::string_view kind);

    const toml::table& table_;
    std::string name_, path_;
    std::set<std::string, std::less<>> asked_;
};

// resolved_path takes a relative path from folder.
std::string resolved_path(const std::string& path, const std::filesystem::path& folder);

// parse_toml gives the document; a syntax error names its line.
Result<toml::table> parse_toml(std::string_view text, const std::string& name);

// toml_string writes a basic string, quotes and all.
std::string toml_string(std::string_view text);

}  // namespace sealwright::hsm::signer_process
