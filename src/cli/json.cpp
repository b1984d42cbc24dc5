#include "cli/json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace sealwright::cli {
namespace {

constexpr std::size_t kMaxDepth = 16;

void write_pretty(std::string& out, const json::value& value, std::size_t indent) {
    const std::string margin(indent + 2, ' ');
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += "{\n";
        for (auto member = object->begin(); member != object->end(); ++member) {
            if (member != object->begin()) out += ",\n";
            out += margin + json::serialize(json::string{member->key()}) + ": ";
            write_pretty(out, member->value(), indent + 2);
        }
        out += '\n' + std::string(indent, ' ') + '}';
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out += "[\n";
        for (auto element = array->begin(); element != array->end(); ++element) {
            if (element != array->begin()) out += ",\n";
            out += margin;
            write_pretty(out, *element, indent + 2);
        }
        out += '\n' + std::string(indent, ' ') + ']';
    } else {
        out += json::serialize(value);
    }
}

const json::array kNoItems;
const json::value kNothing;

}  // namespace

Result<json::value> parse_json(std::string_view text) {
    json::error_code error;
    json::parse_options options;
    options.max_depth = kMaxDepth;
    json::value value = json::parse(json::string_view{text.data(), text.size()}, error, {}, options);
    if (error) return fail(ErrorCode::malformed, "not JSON: " + error.message());
    return value;
}

std::string json_text(const json::value& value) {
    std::string out;
    write_pretty(out, value, 0);
    out += '\n';
    return out;
}

std::string json_line(const json::value& value) { return json::serialize(value) + '\n'; }

Fields::Fields(const json::value& value, std::string_view what) : object_(value.if_object()), what_(what) {
    if (object_ == nullptr) problem_ = what_ + " is not a JSON object";
}

const json::value* Fields::find(std::string_view key) const noexcept {
    if (object_ == nullptr) return nullptr;
    const json::value* value = object_->if_contains(json::string_view{key.data(), key.size()});
    return value != nullptr && value->is_null() ? nullptr : value;
}

void Fields::complain(std::string_view key, std::string_view expected) {
    if (problem_.empty()) problem_ = what_ + " lacks '" + std::string{key} + "' (" + std::string{expected} + ")";
}

std::string Fields::text(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr || !value->is_string()) {
        complain(key, "text");
        return {};
    }
    return std::string{std::string_view{value->get_string()}};
}

std::string Fields::text_or(std::string_view key, std::string_view fallback) {
    return find(key) == nullptr ? std::string{fallback} : text(key);
}

std::uint64_t Fields::number(std::string_view key) {
    const auto* value = find(key);
    if (value != nullptr && value->is_uint64()) return value->get_uint64();
    if (value != nullptr && value->is_int64() && value->get_int64() >= 0)
        return static_cast<std::uint64_t>(value->get_int64());
    complain(key, "a number that is not negative");
    return 0;
}

std::optional<std::uint64_t> Fields::number_if(std::string_view key) {
    if (find(key) == nullptr) return std::nullopt;
    return number(key);
}

bool Fields::flag(std::string_view key) {
    const auto* value = find(key);
    if (value != nullptr && value->is_bool()) return value->get_bool();
    complain(key, "true or false");
    return false;
}

UtcTime Fields::time(std::string_view key) {
    const auto* value = find(key);
    if (value != nullptr && value->is_string()) {
        if (auto time = from_rfc3339(std::string_view{value->get_string()})) return time.value();
    }
    complain(key, "an RFC 3339 time");
    return {};
}

std::optional<UtcTime> Fields::time_if(std::string_view key) {
    if (find(key) == nullptr) return std::nullopt;
    return time(key);
}

std::vector<std::string> Fields::texts_if(std::string_view key) {
    std::vector<std::string> texts;
    if (find(key) == nullptr) return texts;
    for (const auto& item : items(key)) {
        if (!item.is_string()) {
            complain(key, "a list of texts");
            return {};
        }
        texts.emplace_back(std::string_view{item.get_string()});
    }
    return texts;
}

const json::array& Fields::items(std::string_view key) {
    const auto* value = find(key);
    if (value != nullptr && value->is_array()) return value->get_array();
    complain(key, "a list");
    return kNoItems;
}

const json::value* Fields::object_if(std::string_view key) { return find(key) == nullptr ? nullptr : &object(key); }

const json::value& Fields::object(std::string_view key) {
    const auto* value = find(key);
    if (value != nullptr && value->is_object()) return *value;
    complain(key, "an object");
    return kNothing;
}

Result<void> Fields::check() const {
    if (!problem_.empty()) return fail(ErrorCode::malformed, problem_);
    return success();
}

}  // namespace sealwright::cli
