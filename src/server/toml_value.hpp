// toml_value.hpp: a TOML document as plain values with their lines, and the reader that refuses what nobody asked for.
// toml++ itself stays in toml_value.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace sealwright::server {

struct TomlMember;

struct TomlValue {
    enum class Kind { text, integer, boolean, array, table, other };
    Kind kind = Kind::other;
    unsigned line = 0;
    std::string text;
    std::int64_t integer = 0;
    bool boolean = false;
    std::vector<TomlValue> items;
    std::vector<TomlMember> members;

    const TomlValue* find(std::string_view key) const noexcept;
};

struct TomlMember {
    std::string name;
    TomlValue value;
};

// parse_toml gives the root table; config with the line of a syntax error.
Result<TomlValue> parse_toml(std::string_view text, std::string_view source_name);

// Problems collects everything that is wrong, so that one run tells all of it.
class Problems {
public:
    explicit Problems(std::string source) : source_(std::move(source)) {}
    // add writes "source:line: where: what"; without a line where line is 0.
    void add(unsigned line, std::string_view where, std::string_view what);
    void add(const Error& error) { lines_.push_back(error.describe()); }
    bool empty() const noexcept { return lines_.empty(); }
    const std::vector<std::string>& lines() const noexcept { return lines_; }
    // error joins them all.
    Error error() const;

private:
    std::string source_;
    std::vector<std::string> lines_;
};

// Section reads one table. Every reader gives its fallback and notes a problem where the value does not serve; finish
// notes each key that was never asked for.
class Section {
public:
    // table may be null: an absent section has its defaults, and problems for what it must have.
    Section(const TomlValue* table, std::string name, Problems& problems)
        : table_(table), name_(std::move(name)), problems_(problems) {}

    bool present() const noexcept { return table_ != nullptr; }
    std::string required_text(std::string_view key);
    std::string text(std::string_view key, std::string fallback = {});
    bool boolean(std::string_view key, bool fallback);
    std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most);
    std::chrono::seconds duration(std::string_view key, std::chrono::seconds fallback, std::chrono::seconds least,
                                  std::chrono::seconds most);
    // value gives what stands there, whatever its kind; null where nothing does.
    const TomlValue* value(std::string_view key);
    Section section(std::string_view key);
    void problem(std::string_view key, std::string_view what);
    void finish();

private:
    std::string path(std::string_view key) const {
        return name_.empty() ? std::string{key} : name_ + "." + std::string{key};
    }
    const TomlValue* of_kind(std::string_view key, TomlValue::Kind kind, std::string_view expected);

    const TomlValue* table_;
    std::string name_;
    Problems& problems_;
    std::set<std::string, std::less<>> known_;
};

}  // namespace sealwright::server
