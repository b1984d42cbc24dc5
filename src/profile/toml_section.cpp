#include "profile/toml_section.hpp"

#include <toml++/toml.h>

namespace sealwright::profile {

struct TomlContext {
    const Placeholders& placeholders;
    Problems& problems;
    Placeholders used;
};

namespace {

constexpr std::size_t kMaxProblems = 100;
constexpr std::size_t kMaxText = 4096;
constexpr std::size_t kMaxItems = 1000;

const toml::table& table_of(const void* opaque) { return *static_cast<const toml::table*>(opaque); }
const toml::node& node_of(const void* opaque) { return *static_cast<const toml::node*>(opaque); }
std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

bool is_placeholder_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// expand replaces each @name@. A lone @, as in a mailbox, is itself.
std::string expand(std::string_view text, std::size_t line, std::string_view path, TomlContext& context) {
    std::string out;
    for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@')) {
        std::size_t end = at + 1;
        while (end < text.size() && is_placeholder_character(text[end])) ++end;
        if (end == at + 1 || end == text.size() || text[end] != '@') {
            out.append(text.substr(0, at + 1));
            text.remove_prefix(at + 1);
            continue;
        }
        const std::string name{text.substr(at + 1, end - at - 1)};
        out.append(text.substr(0, at));
        if (const auto found = context.placeholders.find(name); found != context.placeholders.end()) {
            out.append(found->second);
            context.used.insert(*found);
        } else {
            context.problems.add(line, path, "the placeholder @" + name + "@ has no value");
        }
        text.remove_prefix(end + 1);
    }
    return out.append(text);
}

// read_text is a string value without control characters, its placeholders replaced.
std::optional<std::string> read_text(const toml::node& node, std::string_view path, TomlContext& context) {
    const auto* value = node.as_string();
    if (value == nullptr) {
        context.problems.add(line_of(node), path, "must be a string");
        return {};
    }
    std::string text = expand(value->get(), line_of(node), path, context);
    if (text.size() > kMaxText) {
        context.problems.add(line_of(node), path, "is longer than " + std::to_string(kMaxText) + " octets");
        return {};
    }
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            context.problems.add(line_of(node), path, "has a control character");
            return {};
        }
    }
    return text;
}

}  // namespace

void Problems::add(std::size_t line, std::string_view path, std::string_view text) {
    if (lines_.size() == kMaxProblems) {
        ++left_out_;
        return;
    }
    std::string out = source_;
    if (line != 0) out += ":" + std::to_string(line);
    out += ": ";
    if (!path.empty()) out.append(path).append(": ");
    lines_.push_back(out.append(text));
}

std::string Problems::text() const {
    std::string out;
    for (const auto& line : lines_) out += (out.empty() ? "" : "\n") + line;
    if (left_out_ != 0) out += "\nand " + std::to_string(left_out_) + " more";
    return out;
}

Section::Section(const void* table, std::string path, TomlContext& context)
    : table_(table), path_(std::move(path)), context_(&context) {}

std::string Section::path_of(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + "." + std::string{key};
}

bool Section::has(std::string_view key) const { return table_of(table_).contains(key); }

const void* Section::find(std::string_view key, Need need) {
    known_.emplace(key);
    const toml::node* node = table_of(table_).get(key);
    if (node == nullptr && need == Need::required) problem(key, "is missing");
    return node;
}

std::optional<std::string> Section::text(std::string_view key, Need need) {
    const void* node = find(key, need);
    return node == nullptr ? std::nullopt : read_text(node_of(node), path_of(key), *context_);
}

std::optional<bool> Section::boolean(std::string_view key) {
    const void* node = find(key, Need::optional);
    if (node == nullptr) return {};
    const auto* value = node_of(node).as_boolean();
    if (value == nullptr) {
        problem(key, "must be true or false");
        return {};
    }
    return value->get();
}

std::optional<std::uint64_t> Section::number(std::string_view key, std::uint64_t least, std::uint64_t most, Need need) {
    const void* node = find(key, need);
    if (node == nullptr) return {};
    const auto* value = node_of(node).as_integer();
    if (value == nullptr || value->get() < 0 || static_cast<std::uint64_t>(value->get()) < least ||
        static_cast<std::uint64_t>(value->get()) > most) {
        problem(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return {};
    }
    return static_cast<std::uint64_t>(value->get());
}

std::optional<std::chrono::seconds> Section::duration(std::string_view key, Need need) {
    const auto value = text(key, need);
    if (!value) return {};
    auto parsed = parse_duration(*value);
    if (!parsed) {
        problem(key, parsed.error().public_detail());
        return {};
    }
    return parsed.value();
}

std::vector<std::string> Section::texts(std::string_view key, Need need) {
    const void* node = find(key, need);
    if (node == nullptr) return {};
    const auto* array = node_of(node).as_array();
    if (array == nullptr) {
        problem(key, "must be an array of strings");
        return {};
    }
    if (array->size() > kMaxItems) {
        problem(key, "has more than " + std::to_string(kMaxItems) + " items");
        return {};
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        if (auto item = read_text((*array)[i], path_of(key) + "[" + std::to_string(i) + "]", *context_))
            out.push_back(std::move(*item));
    }
    return out;
}

std::optional<Section> Section::section(std::string_view key, Need need) {
    const void* node = find(key, need);
    if (node == nullptr) return {};
    const auto* table = node_of(node).as_table();
    if (table == nullptr) {
        problem(key, "must be a table");
        return {};
    }
    return Section{table, path_of(key), *context_};
}

std::vector<Section> Section::sections(std::string_view key) {
    const void* node = find(key, Need::optional);
    if (node == nullptr) return {};
    const auto* array = node_of(node).as_array();
    if (array == nullptr || array->size() > kMaxItems) {
        problem(key, "must be an array of tables, [[" + path_of(key) + "]]");
        return {};
    }
    std::vector<Section> out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        const std::string path = path_of(key) + "[" + std::to_string(i) + "]";
        if (const auto* table = (*array)[i].as_table()) {
            out.emplace_back(table, path, *context_);
        } else {
            context_->problems.add(line_of((*array)[i]), path, "must be a table");
        }
    }
    return out;
}

void Section::problem(std::string_view key, std::string_view text) {
    const toml::node* node = key.empty() ? nullptr : table_of(table_).get(key);
    context_->problems.add(line_of(node != nullptr ? *node : table_of(table_)), key.empty() ? path_ : path_of(key),
                           text);
}

void Section::finish() {
    for (const auto& [key, node] : table_of(table_)) {
        if (!known_.contains(key.str()))
            context_->problems.add(key.source().begin.line, path_of(key.str()), "is not a key that is known here");
    }
}

struct TomlDocument::Parsed {
    std::optional<toml::table> table;
    TomlContext context;
};

TomlDocument::TomlDocument(std::string_view toml, const Placeholders& placeholders, Problems& problems)
    : parsed_(new Parsed{{}, {placeholders, problems, {}}}) {
    try {
        parsed_->table = toml::parse(toml);
    } catch (const toml::parse_error& error) {
        problems.add(error.source().begin.line, "", error.description());
    }
}

TomlDocument::~TomlDocument() = default;

std::optional<Section> TomlDocument::root() {
    if (!parsed_->table) return {};
    return Section{&*parsed_->table, "", parsed_->context};
}

const Placeholders& TomlDocument::used_placeholders() const noexcept { return parsed_->context.used; }

}  // namespace sealwright::profile
