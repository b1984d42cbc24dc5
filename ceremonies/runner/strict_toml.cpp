#include "ceremonies/runner/strict_toml.hpp"

#include <toml++/toml.h>

#include "base/log.hpp"

namespace sealwright::ceremonies {

struct TomlSource {
    std::string name;
    Problems& problems;
};

namespace {

constexpr std::size_t kMaxProblems = 200;
constexpr std::size_t kMaxText = 8192;
constexpr std::size_t kMaxItems = 1000;

const toml::table& table_of(const void* opaque) { return *static_cast<const toml::table*>(opaque); }
const toml::node& node_of(const void* opaque) { return *static_cast<const toml::node*>(opaque); }
std::size_t source_line(const toml::node& node) { return node.source().begin.line; }

// has_control_character allows line feeds: texts that people read have them.
bool has_control_character(std::string_view text) {
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if ((octet < 0x20 && c != '\n') || octet == 0x7F) return true;
    }
    return false;
}

std::optional<std::string> checked_text(const toml::node& node, const std::string& where, TomlSource& source) {
    const auto refuse = [&](std::string_view text) -> std::optional<std::string> {
        source.problems.add(source.name, source_line(node), where, text);
        return {};
    };
    const auto* value = node.as_string();
    if (value == nullptr) return refuse("must be a string");
    if (value->get().size() > kMaxText) return refuse("is longer than " + std::to_string(kMaxText) + " octets");
    if (value->get().empty()) return refuse("must not be empty");
    if (has_control_character(value->get())) return refuse("has a control character");
    return value->get();
}

}  // namespace

void Problems::add(std::string_view source, std::size_t line, std::string_view where, std::string_view text) {
    if (lines_.size() > kMaxProblems) return;
    if (lines_.size() == kMaxProblems) {
        lines_.emplace_back("more problems were left out");
        return;
    }
    std::string out{source};
    if (line != 0) out += ":" + std::to_string(line);
    out += ": ";
    if (!where.empty()) out.append(where).append(": ");
    lines_.push_back(escape_control(out.append(text)));
}

TomlTable::TomlTable(const void* table, std::string path, TomlSource& source)
    : table_(table), path_(std::move(path)), source_(&source) {}

std::string TomlTable::path_of(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + "." + std::string{key};
}

bool TomlTable::has(std::string_view key) const { return table_of(table_).contains(key); }
std::size_t TomlTable::line() const { return source_line(table_of(table_)); }

std::size_t TomlTable::line_of(std::string_view key) const {
    const toml::node* node = key.empty() ? nullptr : table_of(table_).get(key);
    return node != nullptr ? source_line(*node) : line();
}

std::vector<std::string> TomlTable::keys() const {
    std::vector<std::string> out;
    for (const auto& [key, node] : table_of(table_)) out.emplace_back(key.str());
    return out;
}

const void* TomlTable::find(std::string_view key, Need need) {
    known_.emplace(key);
    const toml::node* node = table_of(table_).get(key);
    if (node == nullptr && need == Need::required) problem(key, "is missing");
    return node;
}

std::optional<std::string> TomlTable::text(std::string_view key, Need need) {
    const void* node = find(key, need);
    if (node == nullptr) return {};
    return checked_text(node_of(node), path_of(key), *source_);
}

std::optional<bool> TomlTable::boolean(std::string_view key) {
    const void* node = find(key, Need::optional);
    if (node == nullptr) return {};
    const auto* value = node_of(node).as_boolean();
    if (value == nullptr) {
        problem(key, "must be true or false");
        return {};
    }
    return value->get();
}

std::optional<std::uint64_t> TomlTable::number(std::string_view key, std::uint64_t least, std::uint64_t most,
                                               Need need) {
    const void* node = find(key, need);
    if (node == nullptr) return {};
    const auto* value = node_of(node).as_integer();
    const bool fits = value != nullptr && value->get() >= 0 && static_cast<std::uint64_t>(value->get()) >= least &&
                      static_cast<std::uint64_t>(value->get()) <= most;
    if (!fits) {
        problem(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return {};
    }
    return static_cast<std::uint64_t>(value->get());
}

std::optional<std::chrono::seconds> TomlTable::duration(std::string_view key, Need need) {
    const auto value = text(key, need);
    if (!value) return {};
    auto parsed = parse_duration(*value);
    if (!parsed) {
        problem(key, parsed.error().public_detail());
        return {};
    }
    return parsed.value();
}

std::optional<UtcTime> TomlTable::time(std::string_view key) {
    const void* node = find(key, Need::optional);
    if (node == nullptr) return {};
    const auto* value = node_of(node).as_date_time();
    const bool in_utc = value != nullptr && value->get().offset && value->get().offset->minutes == 0 &&
                        value->get().time.nanosecond == 0;
    if (!in_utc) {
        problem(key, "must be a date and time in UTC with whole seconds, as 2027-01-15T10:00:00Z");
        return {};
    }
    const toml::date_time& at = value->get();
    const std::chrono::year_month_day day{std::chrono::year{at.date.year}, std::chrono::month{at.date.month},
                                          std::chrono::day{at.date.day}};
    return UtcTime{std::chrono::sys_days{day}} + std::chrono::hours{at.time.hour} +
           std::chrono::minutes{at.time.minute} + std::chrono::seconds{at.time.second};
}

std::vector<std::string> TomlTable::texts(std::string_view key, Need need) {
    const void* node = find(key, need);
    if (node == nullptr) return {};
    const auto* array = node_of(node).as_array();
    if (array == nullptr || array->size() > kMaxItems) {
        problem(key, "must be an array of strings");
        return {};
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        if (auto item = checked_text((*array)[i], path_of(key) + "[" + std::to_string(i) + "]", *source_))
            out.push_back(std::move(*item));
    }
    return out;
}

std::optional<TomlTable> TomlTable::table(std::string_view key, Need need) {
    const void* node = find(key, need);
    if (node == nullptr) return {};
    const auto* table = node_of(node).as_table();
    if (table == nullptr) {
        problem(key, "must be a table");
        return {};
    }
    return TomlTable{table, path_of(key), *source_};
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
    const void* node = find(key, Need::optional);
    if (node == nullptr) return {};
    const auto* array = node_of(node).as_array();
    if (array == nullptr || array->size() > kMaxItems) {
        problem(key, "must be an array of tables, [[" + path_of(key) + "]]");
        return {};
    }
    std::vector<TomlTable> out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        const std::string path = path_of(key) + "[" + std::to_string(i) + "]";
        if (const auto* table = (*array)[i].as_table()) {
            out.emplace_back(table, path, *source_);
        } else {
            source_->problems.add(source_->name, source_line((*array)[i]), path, "must be a table");
        }
    }
    return out;
}

void TomlTable::problem(std::string_view key, std::string_view text) {
    source_->problems.add(source_->name, line_of(key), key.empty() ? path_ : path_of(key), text);
}

void TomlTable::finish() {
    for (const auto& [key, node] : table_of(table_)) {
        if (known_.contains(key.str())) continue;
        source_->problems.add(source_->name, key.source().begin.line, path_of(key.str()),
                              "is not a key that is known here");
    }
}

struct TomlDocument::Parsed {
    TomlSource source;
    std::optional<toml::table> table;
};

TomlDocument::TomlDocument(std::string_view toml, std::string source_name, Problems& problems)
    : parsed_(new Parsed{{std::move(source_name), problems}, {}}) {
    try {
        parsed_->table = toml::parse(toml);
    } catch (const toml::parse_error& error) {
        problems.add(parsed_->source.name, error.source().begin.line, "", error.description());
    }
}

TomlDocument::~TomlDocument() = default;

std::optional<TomlTable> TomlDocument::root() {
    if (!parsed_->table) return {};
    return TomlTable{&*parsed_->table, "", parsed_->source};
}

}  // namespace sealwright::ceremonies
