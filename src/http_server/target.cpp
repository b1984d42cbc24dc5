#include "http_server/target.hpp"

#include <algorithm>

namespace sealwright::http_server {
namespace {

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// RFC 3986: pchar, '/', '?' and the escape itself. '#' never reaches a server; brackets belong to an authority.
bool is_path_or_query_character(char c) noexcept {
    constexpr std::string_view others = "-._~!$&'()*+,;=:@/?%";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

std::string_view without_authority(std::string_view text) noexcept {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!text.starts_with(scheme)) continue;
        const auto slash = text.find('/', scheme.size());
        return slash == std::string_view::npos ? std::string_view{"/"} : text.substr(slash);
    }
    return text;
}

Result<std::vector<std::string>> split_path(std::string_view path) {
    std::vector<std::string> segments;
    path.remove_prefix(1);
    for (;;) {
        const auto slash = path.find('/');
        SEALWRIGHT_TRY(auto segment, percent_decode(path.substr(0, slash)));
        segments.push_back(std::move(segment));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

Result<std::vector<std::pair<std::string, std::string>>> split_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const auto ampersand = query.find('&');
        const auto one = query.substr(0, ampersand);
        query = ampersand == std::string_view::npos ? std::string_view{} : query.substr(ampersand + 1);
        if (one.empty()) continue;
        if (parameters.size() == kMaxQueryParameters) return fail(ErrorCode::too_large, "too many query parameters");
        const auto equals = one.find('=');
        SEALWRIGHT_TRY(auto name, percent_decode(one.substr(0, equals), true));
        SEALWRIGHT_TRY(
            auto value,
            percent_decode(equals == std::string_view::npos ? std::string_view{} : one.substr(equals + 1), true));
        parameters.emplace_back(std::move(name), std::move(value));
    }
    return parameters;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return fail(ErrorCode::malformed, "the target has a '%' without two hexadecimal digits");
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

Result<std::optional<std::string>> Target::query_value(std::string_view name) const {
    std::optional<std::string> value;
    for (const auto& [each, text] : query) {
        if (each != name) continue;
        if (value)
            return fail(ErrorCode::malformed,
                        "the query parameter " + std::string{name} + " stands there more than once");
        value = text;
    }
    return value;
}

Result<Target> parse_target(std::string_view text) {
    if (text.size() > kMaxTarget) return fail(ErrorCode::too_large, "the target is too long");
    const auto origin = without_authority(text);
    if (!origin.starts_with('/')) return fail(ErrorCode::malformed, "the target is no path");
    if (!std::ranges::all_of(origin, is_path_or_query_character))
        return fail(ErrorCode::malformed, "the target has a character that must be escaped");
    const auto question = origin.find('?');
    Target target;
    target.path = std::string{origin.substr(0, question)};
    SEALWRIGHT_TRY(target.segments, split_path(target.path));
    if (question != std::string_view::npos) {
        SEALWRIGHT_TRY(target.query, split_query(origin.substr(question + 1)));
    }
    return target;
}

}  // namespace sealwright::http_server
