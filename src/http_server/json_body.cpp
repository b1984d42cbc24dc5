#include "http_server/json_body.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <set>

namespace sealwright::http_server {
namespace {

constexpr std::size_t kMaxDepth = 8;

// Duplicates watches a parse go by and stops it where a member's name stands twice in one object: Boost.JSON itself
// keeps the last, another reader the first, and the two would disagree on what was asked.
class Duplicates {
public:
    static constexpr std::size_t max_object_size = 4096;
    static constexpr std::size_t max_array_size = 65536;
    static constexpr std::size_t max_key_size = 256;
    static constexpr std::size_t max_string_size = std::size_t{1} << 20U;

    using error_code = boost::json::error_code;
    using view = boost::json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        names_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        names_.pop_back();
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_key_part(view part, std::size_t, error_code&) {
        key_ += std::string_view{part.data(), part.size()};
        return true;
    }
    bool on_key(view part, std::size_t, error_code& ec) {
        key_ += std::string_view{part.data(), part.size()};
        if (!names_.back().insert(std::exchange(key_, {})).second) ec = boost::json::error::syntax;
        return !ec;
    }
    bool on_string_part(view, std::size_t, error_code&) { return true; }
    bool on_string(view, std::size_t, error_code&) { return true; }
    bool on_number_part(view, error_code&) { return true; }
    bool on_int64(std::int64_t, view, error_code&) { return true; }
    bool on_uint64(std::uint64_t, view, error_code&) { return true; }
    bool on_double(double, view, error_code&) { return true; }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(view, error_code&) { return true; }
    bool on_comment(view, error_code&) { return true; }

private:
    std::vector<std::set<std::string>> names_;
    std::string key_;
};

json::parse_options strict_options() {
    json::parse_options options;
    options.max_depth = kMaxDepth;
    return options;
}

bool contains(std::initializer_list<std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Error no_such(std::string_view member, std::string_view expected) {
    return fail(ErrorCode::malformed, std::string{member} + ": " + std::string{expected});
}

std::size_t base64_size(std::size_t octets) noexcept { return (octets + 2) / 3 * 4; }

Result<Bytes> octets_of(std::string_view member, std::string_view base64, std::size_t limit) {
    auto octets = from_base64(base64);
    if (!octets) return no_such(member, "must be base64 with padding and without line breaks");
    if (octets.value().size() > limit)
        return fail(ErrorCode::too_large, std::string{member} + ": longer than " + std::to_string(limit) + " octets");
    return octets;
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
    boost::json::error_code ec;
    boost::json::basic_parser<Duplicates> watched{strict_options()};
    const auto read = watched.write_some(false, text.data(), text.size(), ec);
    if (ec || read != text.size())
        return fail(ErrorCode::malformed, "the body is no JSON, or has a member twice", ec.message());
    auto value = boost::json::parse({text.data(), text.size()}, ec, {}, strict_options());
    if (ec) return fail(ErrorCode::malformed, "the body is no JSON", ec.message());
    return value;
}

Result<Body> Body::read(const Request& request, std::initializer_list<std::string_view> members) {
    if (request.body.empty()) return Body{json::object{}};
    SEALWRIGHT_TRY(const auto type, request.sole_header("Content-Type"));
    if (media_type(type.value_or("")) != "application/json")
        return fail(ErrorCode::unsupported, "the body must be application/json");
    SEALWRIGHT_TRY(auto value, parse_json(request.body));
    auto* object = value.if_object();
    if (object == nullptr) return fail(ErrorCode::malformed, "the body must be a JSON object");
    for (const auto& member : *object) {
        const std::string_view name{member.key().data(), member.key().size()};
        if (!contains(members, name)) return no_such(name.substr(0, 64), "unknown member");
    }
    return Body{std::move(*object)};
}

Result<std::optional<std::string>> Body::text_if(std::string_view member, std::size_t limit) const {
    const auto* value = object_.if_contains(boost::json::string_view{member.data(), member.size()});
    if (value == nullptr || value->is_null()) return std::optional<std::string>{};
    const auto* text = value->if_string();
    if (text == nullptr) return no_such(member, "must be a string");
    if (text->size() > limit)
        return fail(ErrorCode::too_large, std::string{member} + ": longer than " + std::to_string(limit) + " octets");
    return std::optional<std::string>{std::string{text->data(), text->size()}};
}

Result<std::string> Body::text(std::string_view member, std::size_t limit) const {
    SEALWRIGHT_TRY(auto value, text_if(member, limit));
    if (!value) return no_such(member, "is missing");
    return std::move(*value);
}

Result<std::vector<std::string>> Body::texts(std::string_view member, std::size_t count, std::size_t limit) const {
    std::vector<std::string> texts;
    const auto* value = object_.if_contains(boost::json::string_view{member.data(), member.size()});
    if (value == nullptr || value->is_null()) return texts;
    const auto* array = value->if_array();
    if (array == nullptr) return no_such(member, "must be an array of strings");
    if (array->size() > count)
        return fail(ErrorCode::too_large, std::string{member} + ": more than " + std::to_string(count) + " entries");
    for (const auto& entry : *array) {
        const auto* text = entry.if_string();
        if (text == nullptr || text->empty()) return no_such(member, "must be an array of strings that are not empty");
        if (text->size() > limit)
            return fail(ErrorCode::too_large,
                        std::string{member} + ": an entry is longer than " + std::to_string(limit) + " octets");
        texts.emplace_back(text->data(), text->size());
    }
    return texts;
}

Result<std::optional<UtcTime>> Body::time_if(std::string_view member) const {
    SEALWRIGHT_TRY(const auto value, text_if(member, 64));
    if (!value) return std::optional<UtcTime>{};
    const auto time = from_rfc3339(*value);
    if (!time) return time.error().in(member);
    return std::optional<UtcTime>{time.value()};
}

Result<std::uint64_t> Body::number(std::string_view member, std::uint64_t most) const {
    const auto* value = object_.if_contains(boost::json::string_view{member.data(), member.size()});
    if (value == nullptr) return no_such(member, "is missing");
    const auto* number = value->if_int64();
    if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) > most)
        return no_such(member, "must be a whole number, at most " + std::to_string(most));
    return static_cast<std::uint64_t>(*number);
}

Result<Bytes> Body::octets(std::string_view member, std::size_t limit) const {
    SEALWRIGHT_TRY(const auto base64, text(member, base64_size(limit)));
    return octets_of(member, base64, limit);
}

Result<Bytes> Body::octets_if(std::string_view member, std::size_t limit) const {
    SEALWRIGHT_TRY(const auto base64, text_if(member, base64_size(limit)));
    return base64 ? octets_of(member, *base64, limit) : Bytes{};
}

Result<std::vector<Bytes>> Body::octet_strings(std::string_view member, std::size_t count, std::size_t limit) const {
    SEALWRIGHT_TRY(const auto texts_of, texts(member, count, base64_size(limit)));
    std::vector<Bytes> strings;
    for (const auto& base64 : texts_of) {
        SEALWRIGHT_TRY(auto octets, octets_of(member, base64, limit));
        strings.push_back(std::move(octets));
    }
    return strings;
}

Response json_response(unsigned status, const json::value& value) {
    return response_of(status, "application/json", boost::json::serialize(value) + "\n");
}

void add_members(Response& problem, const json::object& members) {
    auto value = parse_json(problem.body);
    if (!value || !value.value().is_object()) return;
    for (const auto& member : members) value.value().get_object()[member.key()] = member.value();
    problem.body = boost::json::serialize(value.value()) + "\n";
}

json::value time_value(UtcTime time) { return json::value(to_rfc3339(time)); }
json::value time_or_null(const std::optional<UtcTime>& time) { return time ? time_value(*time) : json::value(nullptr); }
json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

Result<QueryReader> QueryReader::read(const Target& target, std::initializer_list<std::string_view> names) {
    QueryReader reader;
    for (const auto& [name, value] : target.query) {
        if (!contains(names, name)) return no_such(name.substr(0, 64), "unknown query parameter");
        if (!reader.values_.emplace(name, value).second) return no_such(name, "stands there more than once");
    }
    return reader;
}

std::optional<std::string> QueryReader::text(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

Result<std::optional<std::uint64_t>> QueryReader::number(std::string_view name, std::uint64_t most) const {
    const auto value = text(name);
    if (!value) return std::optional<std::uint64_t>{};
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size()) return no_such(name, "must be a whole number");
    if (number > most) return no_such(name, "must be at most " + std::to_string(most));
    return std::optional<std::uint64_t>{number};
}

}  // namespace sealwright::http_server
