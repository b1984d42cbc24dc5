#include "server/toml_value.hpp"

#include <toml++/toml.h>

#include "base/clock.hpp"

namespace sealwright::server {
namespace {

TomlValue convert(const toml::node& node) {
    TomlValue value;
    value.line = node.source().begin.line;
    if (const auto* text = node.as_string()) {
        value.kind = TomlValue::Kind::text;
        value.text = text->get();
    } else if (const auto* integer = node.as_integer()) {
        value.kind = TomlValue::Kind::integer;
        value.integer = integer->get();
    } else if (const auto* boolean = node.as_boolean()) {
        value.kind = TomlValue::Kind::boolean;
        value.boolean = boolean->get();
    } else if (const auto* array = node.as_array()) {
        value.kind = TomlValue::Kind::array;
        for (const auto& item : *array) value.items.push_back(convert(item));
    } else if (const auto* table = node.as_table()) {
        value.kind = TomlValue::Kind::table;
        for (const auto& [key, member] : *table) value.members.push_back({std::string{key.str()}, convert(member)});
    }
    return value;
}

}  // namespace

const TomlValue* TomlValue::find(std::string_view key) const noexcept {
    for (const auto& [name, value] : members) {
        if (name == key) return &value;
    }
    return nullptr;
}

Result<TomlValue> parse_toml(std::string_view text, std::string_view source_name) {
    try {
        return convert(toml::parse(text, source_name));
    } catch (const toml::parse_error& error) {
        Problems problems{std::string{source_name}};
        problems.add(error.source().begin.line, "", error.description());
        return problems.error();
    }
}

void Problems::add(unsigned line, std::string_view where, std::string_view what) {
    std::string text = source_;
    if (line != 0) text += ":" + std::to_string(line);
    text += ": ";
    if (!where.empty()) text += std::string{where} + ": ";
    lines_.push_back(text + std::string{what});
}

Error Problems::error() const {
    std::string all;
    for (const auto& line : lines_) all += (all.empty() ? "" : "\n") + line;
    return fail(ErrorCode::config, std::move(all));
}

const TomlValue* Section::value(std::string_view key) {
    known_.emplace(key);
    return table_ == nullptr ? nullptr : table_->find(key);
}

const TomlValue* Section::of_kind(std::string_view key, TomlValue::Kind kind, std::string_view expected) {
    const auto* found = value(key);
    if (found == nullptr || found->kind == kind) return found;
    problems_.add(found->line, path(key), "must be " + std::string{expected});
    return nullptr;
}

std::string Section::required_text(std::string_view key) {
    const auto* anything = value(key);
    if (anything == nullptr) {
        problems_.add(table_ == nullptr ? 0 : table_->line, path(key), "is missing");
        return {};
    }
    const auto* found = of_kind(key, TomlValue::Kind::text, "a text");
    if (found == nullptr) return {};
    if (found->text.empty()) problems_.add(found->line, path(key), "must not be empty");
    return found->text;
}

std::string Section::text(std::string_view key, std::string fallback) {
    const auto* found = of_kind(key, TomlValue::Kind::text, "a text");
    if (found == nullptr) return fallback;
    if (found->text.empty()) problems_.add(found->line, path(key), "must not be empty; leave the key out instead");
    return found->text;
}

bool Section::boolean(std::string_view key, bool fallback) {
    const auto* found = of_kind(key, TomlValue::Kind::boolean, "true or false");
    return found == nullptr ? fallback : found->boolean;
}

std::int64_t Section::integer(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most) {
    const auto* found = of_kind(key, TomlValue::Kind::integer, "a whole number");
    if (found == nullptr) return fallback;
    if (found->integer < least || found->integer > most) {
        problems_.add(found->line, path(key),
                      "must be between " + std::to_string(least) + " and " + std::to_string(most));
        return fallback;
    }
    return found->integer;
}

std::chrono::seconds Section::duration(std::string_view key, std::chrono::seconds fallback, std::chrono::seconds least,
                                       std::chrono::seconds most) {
    const auto* found = of_kind(key, TomlValue::Kind::text, "a duration like \"12h\"");
    if (found == nullptr) return fallback;
    const auto parsed = parse_duration(found->text);
    if (!parsed) {
        problems_.add(found->line, path(key), parsed.error().public_detail());
        return fallback;
    }
    if (parsed.value() < least || parsed.value() > most) {
        problems_.add(
            found->line, path(key),
            "must be between " + std::to_string(least.count()) + "s and " + std::to_string(most.count()) + "s");
        return fallback;
    }
    return parsed.value();
}

Section Section::section(std::string_view key) {
    return Section{of_kind(key, TomlValue::Kind::table, "a table"), path(key), problems_};
}

void Section::problem(std::string_view key, std::string_view what) {
    const auto* found = table_ == nullptr ? nullptr : table_->find(key);
    problems_.add(found != nullptr ? found->line : table_ != nullptr ? table_->line : 0, path(key), what);
}

void Section::finish() {
    if (table_ == nullptr) return;
    for (const auto& [key, member] : table_->members) {
        if (!known_.contains(key)) problems_.add(member.line, path(key), "unknown key");
    }
}

}  // namespace sealwright::server
