// strict_toml.hpp: scripts and bindings read strictly: a key that nobody asks for is a problem, each problem names
// file, line and key, and all of them are kept. toml++ itself stays in strict_toml.cpp.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace sealwright::ceremonies {

inline constexpr std::size_t kMaxTomlSize = std::size_t{1} << 20U;

// Problems collects lines like "script.toml:17: step[3].label: must be a string". It keeps the first two hundred.
class Problems {
public:
    void add(std::string_view source, std::size_t line, std::string_view where, std::string_view text);
    bool empty() const noexcept { return lines_.empty(); }
    std::size_t size() const noexcept { return lines_.size(); }
    const std::vector<std::string>& lines() const noexcept { return lines_; }

private:
    std::vector<std::string> lines_;
};

enum class Need : std::uint8_t { optional, required };

struct TomlSource;

// TomlTable is one table of a document, which must outlive it. Each reader gives nothing where the key is missing or
// wrong; what is wrong has been reported then. finish reports the keys that nobody asked for.
class TomlTable {
public:
    TomlTable(const void* table, std::string path, TomlSource& source);

    std::optional<std::string> text(std::string_view key, Need need = Need::optional);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::uint64_t> number(std::string_view key, std::uint64_t least, std::uint64_t most,
                                        Need need = Need::optional);
    std::optional<std::chrono::seconds> duration(std::string_view key, Need need = Need::optional);
    std::optional<UtcTime> time(std::string_view key);  // an offset date-time in UTC, whole seconds
    std::vector<std::string> texts(std::string_view key, Need need = Need::optional);
    std::optional<TomlTable> table(std::string_view key, Need need = Need::optional);
    std::vector<TomlTable> tables(std::string_view key);
    std::vector<std::string> keys() const;

    bool has(std::string_view key) const;
    std::size_t line() const;
    std::size_t line_of(std::string_view key) const;
    // problem reports text at key, or at the table where key is empty.
    void problem(std::string_view key, std::string_view text);
    // finish comes last, once.
    void finish();

private:
    const void* find(std::string_view key, Need need);
    std::string path_of(std::string_view key) const;

    const void* table_;
    std::string path_;
    TomlSource* source_;
    std::set<std::string, std::less<>> known_;
};

class TomlDocument {
public:
    // A syntax error, also a key given twice, is reported at once; then there is no root.
    TomlDocument(std::string_view toml, std::string source_name, Problems& problems);
    ~TomlDocument();
    TomlDocument(const TomlDocument&) = delete;
    TomlDocument& operator=(const TomlDocument&) = delete;
    std::optional<TomlTable> root();

private:
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
};

}  // namespace sealwright::ceremonies
