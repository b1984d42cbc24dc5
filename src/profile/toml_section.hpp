// toml_section.hpp: a TOML document read strictly: what is not asked for is an error, each problem names its key and
// line, and all are kept. Internal to this room; toml++ itself stays in toml_section.cpp.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.hpp"

namespace sealwright::profile {

// Problems collects lines like "tls.toml:12: san[0].allow: must not be empty". It keeps the first hundred.
class Problems {
public:
    explicit Problems(std::string_view source) : source_(source) {}
    void add(std::size_t line, std::string_view path, std::string_view text);
    bool empty() const noexcept { return lines_.empty(); }
    std::string text() const;

private:
    std::string source_;
    std::vector<std::string> lines_;
    std::size_t left_out_ = 0;
};

// Need says whether a key may be missing.
enum class Need : std::uint8_t { optional, required };

struct TomlContext;

// Section is one table of the document. Each key may be asked for once or more; finish reports the keys that nobody
// asked for. Sections point into their TomlDocument, which must outlive them.
class Section {
public:
    Section(const void* table, std::string path, TomlContext& context);

    bool has(std::string_view key) const;
    // Each gives nothing where the key is missing or wrong; what is wrong has been reported then.
    std::optional<std::string> text(std::string_view key, Need need = Need::optional);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::uint64_t> number(std::string_view key, std::uint64_t least, std::uint64_t most,
                                        Need need = Need::optional);
    std::optional<std::chrono::seconds> duration(std::string_view key, Need need = Need::optional);
    std::vector<std::string> texts(std::string_view key, Need need = Need::optional);
    std::optional<Section> section(std::string_view key, Need need = Need::optional);
    std::vector<Section> sections(std::string_view key);

    void problem(std::string_view key, std::string_view text);
    void finish();

private:
    const void* find(std::string_view key, Need need);
    std::string path_of(std::string_view key) const;

    const void* table_;
    std::string path_;
    TomlContext* context_;
    std::set<std::string, std::less<>> known_;
};

class TomlDocument {
public:
    // parse reports a syntax error (and keys given twice) itself; then there is no root.
    TomlDocument(std::string_view toml, const Placeholders& placeholders, Problems& problems);
    ~TomlDocument();
    std::optional<Section> root();
    // used_placeholders are those that the values read so far have named.
    const Placeholders& used_placeholders() const noexcept;

private:
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
};

}  // namespace sealwright::profile
