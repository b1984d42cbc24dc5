#include "ceremonies/runner/text.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sealwright::ceremonies {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

// utf8_length is the number of octets of the well-formed character at the front of text (RFC 3629), or 0.
std::size_t utf8_length(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = octet(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    std::uint32_t value = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(i) & 0xC0U) != 0x80U) return 0;
        value = (value << 6U) | (octet(i) & 0x3FU);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    return overlong || surrogate || value > 0x10FFFF ? 0 : length;
}

bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 1) return first < 0x20 || first == 0x7F;
    return character.size() == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;  // C1
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

bool is_name(std::string_view text) noexcept {
    if (text.empty() || text.size() > 32 || !is_lower(text[0])) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_file_name(std::string_view text) noexcept {
    if (text.empty() || text.size() > 64 || !is_alnum(text[0])) return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
}

bool is_profile_path(std::string_view text) noexcept {
    constexpr std::string_view folder = "profiles/", ending = ".toml";
    return text.starts_with(folder) && text.ends_with(ending) && text.size() > folder.size() + ending.size() &&
           is_file_name(text.substr(folder.size()));
}

std::string clean_text(std::string_view text, bool keep_line_feeds) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const bool kept = length != 0 && (!is_control(text.substr(0, length)) || (keep_line_feeds && text[0] == '\n'));
        const std::size_t taken = length == 0 ? 1 : length;
        for (std::size_t i = 0; i < taken; ++i) {
            const auto octet = static_cast<unsigned char>(text[i]);
            if (kept) {
                out += text[i];
            } else {
                out += "\\x";
                out += digits[octet >> 4U];
                out += digits[octet & 15U];
            }
        }
        text.remove_prefix(taken);
    }
    return out;
}

std::string html_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string wrapped(std::string_view text, std::size_t width, std::string_view indent) {
    std::string out;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        std::string current{indent};
        bool empty = true;
        std::string_view rest = line;
        while (!rest.empty()) {
            const std::string_view word = rest.substr(0, rest.find(' '));
            rest.remove_prefix(std::min(rest.size(), word.size() + 1));
            if (word.empty()) continue;
            if (!empty && columns(current) + 1 + columns(word) > width) {
                out += current + "\n";
                current = indent;
                empty = true;
            }
            current += (empty ? "" : " ") + std::string{word};
            empty = false;
        }
        if (!empty || line.empty()) out += (empty ? std::string{} : current) + "\n";
    }
    return out;
}

}  // namespace sealwright::ceremonies
