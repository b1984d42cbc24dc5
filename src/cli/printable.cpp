#include "cli/printable.hpp"

#include <cstdint>
#include <optional>

namespace sealwright::cli {
namespace {

struct CodePoint {
    char32_t value = 0;
    std::size_t length = 0;
};

// decode reads one code point of UTF-8 as RFC 3629 has it: shortest form, no surrogates, at most U+10FFFF.
std::optional<CodePoint> decode(std::string_view text) noexcept {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return CodePoint{first, 1};
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return std::nullopt;
    char32_t value = first & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0U) != 0x80) return std::nullopt;
        value = (value << 6U) | (next & 0x3fU);
    }
    if (length == 3 && value < 0x800) return std::nullopt;
    if (length == 4 && value < 0x10000) return std::nullopt;
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
    return CodePoint{value, length};
}

bool is_hazardous(char32_t c) noexcept {
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return true;  // C0, DEL, C1
    if (c == 0xad || c == 0x61c || c == 0xfeff)
        return true;                              // soft hyphen, Arabic letter mark, no-break space of no width
    if (c >= 0x200b && c <= 0x200f) return true;  // no width, direction marks
    if (c >= 0x2028 && c <= 0x202e) return true;  // separators, direction embeddings and overrides
    if (c >= 0x2060 && c <= 0x206f) return true;  // invisible operators, direction isolates
    return c >= 0xe0000 && c <= 0xe0fff;          // tags
}

std::size_t width_of(char32_t c) noexcept {
    if ((c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x20d0 && c <= 0x20ff))
        return 0;  // combining marks
    const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                      (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                      (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

void escape(std::string& out, std::string_view octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : octets) {
        const auto octet = static_cast<unsigned char>(c);
        out += "\\x";
        out += digits[octet >> 4U];
        out += digits[octet & 15U];
    }
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto point = decode(text);
        const std::size_t length = point ? point->length : 1;
        if (point && !is_hazardous(point->value)) {
            out += text.substr(0, length);
        } else {
            escape(out, text.substr(0, length));
        }
        text.remove_prefix(length);
    }
    return out;
}

std::size_t display_width(std::string_view text) noexcept {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto point = decode(text);
        width += point ? width_of(point->value) : 1;
        text.remove_prefix(point ? point->length : 1);
    }
    return width;
}

std::string shorten(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string{text};
    std::string out;
    std::size_t width = 0;
    while (!text.empty()) {
        const auto point = decode(text);
        const std::size_t length = point ? point->length : 1;
        const std::size_t next = point ? width_of(point->value) : 1;
        if (width + next + 1 > columns) break;
        out += text.substr(0, length);
        width += next;
        text.remove_prefix(length);
    }
    return columns == 0 ? out : out + "…";
}

}  // namespace sealwright::cli
