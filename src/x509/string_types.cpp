#include "x509/string_types.hpp"

#include <algorithm>

namespace sealwright::x509 {
namespace {

using namespace asn1;

Error bad_string(std::string what) { return fail(ErrorCode::malformed, "string: " + std::move(what)); }

bool is_scalar(char32_t c) noexcept { return c != 0 && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF); }

void append_utf8(std::string& out, char32_t c) {
    const auto put = [&](char32_t octet) { out += static_cast<char>(static_cast<unsigned char>(octet)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | (c >> 6U));
        put(0x80 | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0 | (c >> 12U));
        put(0x80 | ((c >> 6U) & 0x3FU));
        put(0x80 | (c & 0x3FU));
    } else {
        put(0xF0 | (c >> 18U));
        put(0x80 | ((c >> 12U) & 0x3FU));
        put(0x80 | ((c >> 6U) & 0x3FU));
        put(0x80 | (c & 0x3FU));
    }
}

// take_utf8 removes one character from the front; nullopt for what RFC 3629 forbids.
std::optional<char32_t> take_utf8(std::string_view& rest) {
    const auto octet = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(rest[i])); };
    const char32_t first = octet(0);
    if (first < 0x80) {
        rest.remove_prefix(1);
        return first;
    }
    const std::size_t length = first >= 0xF0 && first <= 0xF4   ? 4
                               : first >= 0xE0 && first <= 0xEF ? 3
                               : first >= 0xC2 && first <= 0xDF ? 2
                                                                : 0;
    if (length == 0 || rest.size() < length) return std::nullopt;
    char32_t c = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(i) & 0xC0U) != 0x80U) return std::nullopt;
        c = (c << 6U) | (octet(i) & 0x3FU);
    }
    constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < kLeast[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return std::nullopt;
    rest.remove_prefix(length);
    return c;
}

bool is_printable_character(char32_t c) noexcept {
    const bool alphanumeric = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return alphanumeric || (c < 0x80 && c != 0 &&
                            std::string_view{" '()+,-./:=?"}.find(static_cast<char>(c)) != std::string_view::npos);
}

// holds says whether a character can stand in a string type.
bool holds(Tag tag, char32_t c) noexcept {
    switch (tag) {
        case kPrintableString:
            return is_printable_character(c);
        case kNumericString:
            return c == ' ' || (c >= '0' && c <= '9');
        case kIa5String:
            return c < 0x80;
        case kVisibleString:
            return c >= 0x20 && c <= 0x7E;
        case kTeletexString:
            return c <= 0xFF;
        case kBmpString:
            return c <= 0xFFFF;
        default:
            return true;
    }
}

// width is the octets of a character in the types of fixed width, 0 for UTF8String and for what is no string type.
std::size_t width(Tag tag) noexcept {
    switch (tag) {
        case kPrintableString:
        case kNumericString:
        case kIa5String:
        case kVisibleString:
        case kTeletexString:
            return 1;
        case kBmpString:
            return 2;
        case kUniversalString:
            return 4;
        default:
            return 0;
    }
}

Result<std::string> decode_utf8(ByteView content) {
    std::string_view rest = text_of(content);
    while (!rest.empty()) {
        const auto c = take_utf8(rest);
        if (!c) return bad_string("invalid UTF-8");
        if (*c == 0) return bad_string("a NUL character");
    }
    return std::string{text_of(content)};
}

Error not_a_string(Tag tag) {
    const std::uint8_t octet = tag;
    return fail(ErrorCode::unsupported, "string: tag 0x" + to_hex({&octet, 1}) + " is no known string type");
}

}  // namespace

Result<std::string> decode_string(Tag tag, ByteView content) {
    if (tag == kUtf8String) return decode_utf8(content);
    const std::size_t octets = width(tag);
    if (octets == 0) return not_a_string(tag);
    if (content.size() % octets != 0) return bad_string("half a character at the end");
    std::string out;
    out.reserve(content.size());
    for (std::size_t i = 0; i < content.size(); i += octets) {
        char32_t c = 0;
        for (std::size_t k = 0; k < octets; ++k) c = (c << 8U) | content[i + k];
        if (!is_scalar(c) || !holds(tag, c)) return bad_string("a character that its type does not allow");
        append_utf8(out, c);
    }
    return out;
}

Result<Bytes> encode_string(Tag tag, std::string_view utf8) {
    const std::size_t octets = width(tag);
    if (tag != kUtf8String && octets == 0) return not_a_string(tag);
    Bytes out;
    for (std::string_view rest = utf8; !rest.empty();) {
        const auto c = take_utf8(rest);
        if (!c) return bad_string("invalid UTF-8");
        if (!is_scalar(*c) || !holds(tag, *c)) return bad_string("a character that its type does not allow");
        for (std::size_t k = octets; k > 0; --k)
            out.push_back(static_cast<std::uint8_t>((*c >> (8 * (k - 1))) & 0xFFU));
    }
    return tag == kUtf8String ? bytes_of(view_of(utf8)) : out;
}

std::optional<std::size_t> count_characters(std::string_view utf8) {
    std::size_t count = 0;
    while (!utf8.empty()) {
        if (!take_utf8(utf8)) return std::nullopt;
        ++count;
    }
    return count;
}

bool is_visible_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace sealwright::x509
