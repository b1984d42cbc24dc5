#include "base/bytes.hpp"

#include <algorithm>
#include <array>

namespace sealwright {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string encode64(ByteView bytes, std::string_view alphabet, bool pad) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16;
        if (left > 1) group |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
        if (left > 2) group |= bytes[i + 2];
        out += alphabet[(group >> 18) & 63];
        out += alphabet[(group >> 12) & 63];
        if (left > 1) out += alphabet[(group >> 6) & 63];
        if (left > 2) out += alphabet[group & 63];
        if (pad) out.append(3 - left, '=');
    }
    return out;
}

std::array<std::int8_t, 256> decoding_table(std::string_view alphabet) {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}

// decode64 decodes unpadded text; the bits that a last short group leaves over must be zero, so that each value has one form.
Result<Bytes> decode64(std::string_view text, const std::array<std::int8_t, 256>& table) {
    if (text.size() % 4 == 1) return fail(ErrorCode::malformed, "base64: wrong length");
    Bytes out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t buffer = 0;
    int bits = 0;
    for (const char c : text) {
        const int value = table[static_cast<std::uint8_t>(c)];
        if (value < 0) return fail(ErrorCode::malformed, "base64: a character outside the alphabet");
        buffer = ((buffer << 6) | static_cast<std::uint32_t>(value)) & 0xFFFFU;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<std::uint8_t>((buffer >> bits) & 0xFF));
        }
    }
    if (bits > 0 && (buffer & ((1U << bits) - 1)) != 0) return fail(ErrorCode::malformed, "base64: non-zero trailing bits");
    return out;
}

}  // namespace

bool equal(ByteView a, ByteView b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

bool equal_constant_time(ByteView a, ByteView b) noexcept {
    if (a.size() != b.size()) return false;
    volatile std::uint8_t difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
    return difference == 0;
}

std::string to_hex(ByteView bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t octet : bytes) {
        out += kHexDigits[octet >> 4];
        out += kHexDigits[octet & 15];
    }
    return out;
}

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return fail(ErrorCode::malformed, "hexadecimal: odd number of digits");
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return fail(ErrorCode::malformed, "hexadecimal: a character that is no digit");
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return out;
}

std::string to_base64(ByteView bytes) { return encode64(bytes, kBase64, true); }
std::string to_base64url(ByteView bytes) { return encode64(bytes, kBase64Url, false); }

Result<Bytes> from_base64(std::string_view text) {
    static const auto table = decoding_table(kBase64);
    if (text.size() % 4 != 0) return fail(ErrorCode::malformed, "base64: the length is no multiple of four");
    if (text.ends_with("==")) {
        text.remove_suffix(2);
        if (text.size() % 4 != 2) return fail(ErrorCode::malformed, "base64: wrong padding");
    } else if (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    return decode64(text, table);
}

Result<Bytes> from_base64url(std::string_view text) {
    static const auto table = decoding_table(kBase64Url);
    return decode64(text, table);
}

}  // namespace sealwright
