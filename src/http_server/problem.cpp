#include "http_server/problem.hpp"

#include <cstdint>

namespace sealwright::http_server {
namespace {

ErrorCode code_of(unsigned status) noexcept {
    switch (status) {
        case 401:
            return ErrorCode::unauthenticated;
        case 403:
            return ErrorCode::denied;
        case 404:
            return ErrorCode::not_found;
        case 408:
            return ErrorCode::timed_out;
        case 413:
        case 414:
        case 431:
            return ErrorCode::too_large;
        case 405:
        case 415:
        case 417:
        case 501:
        case 505:
            return ErrorCode::unsupported;
        case 500:
            return ErrorCode::internal;
        case 503:
            return ErrorCode::overloaded;
        case 504:
            return ErrorCode::timed_out;
        default:
            return ErrorCode::malformed;
    }
}

// utf8_length gives how many octets the well-formed UTF-8 sequence at the front has (Unicode table 3-7), 0 where there
// is none.
std::size_t utf8_length(std::string_view text) noexcept {
    const auto octet = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    };
    const auto follows = [&](std::size_t i, std::uint8_t least = 0x80, std::uint8_t most = 0xBF) {
        return octet(i) >= least && octet(i) <= most;
    };
    const std::uint8_t first = octet(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const std::uint8_t least = first == 0xE0 ? 0xA0 : 0x80, most = first == 0xED ? 0x9F : 0xBF;
        return follows(1, least, most) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const std::uint8_t least = first == 0xF0 ? 0x90 : 0x80, most = first == 0xF4 ? 0x8F : 0xBF;
        return follows(1, least, most) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::string json_quote(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto octet = static_cast<std::uint8_t>(text.front());
        if (length == 0) {
            out += "\xEF\xBF\xBD";
        } else if (octet < 0x20 || octet == 0x7F) {
            out += "\\u00";
            out += digits[octet >> 4];
            out += digits[octet & 15];
        } else {
            if (octet == '"' || octet == '\\') out += '\\';
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
    return out;
}

Response problem(unsigned status, ErrorCode code, std::string_view detail) {
    std::string body = "{\"title\":" + json_quote(reason_phrase(status)) + ",\"status\":" + std::to_string(status) +
                       ",\"code\":" + json_quote(error_code_name(code)) + ",\"detail\":" + json_quote(detail) + "}\n";
    return response_of(status, "application/problem+json", std::move(body));
}

Response transport_problem(unsigned status, std::string_view detail) {
    return problem(status, code_of(status), detail);
}

}  // namespace sealwright::http_server
