#include "ceremonies/verifier/json.hpp"

namespace sealwright::verifier {
namespace {

constexpr unsigned kMaxDepth = 16;
constexpr std::size_t kMaxMembers = 10000;

// utf8_length is the number of octets of the well-formed character at the front (RFC 3629), or 0.
std::size_t utf8_length(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = octet(0);
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return 0;
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(i) & 0xC0U) != 0x80U) return 0;
    }
    if (first == 0xE0 && octet(1) < 0xA0) return 0;  // overlong
    if (first == 0xED && octet(1) > 0x9F) return 0;  // surrogates
    if (first == 0xF0 && octet(1) < 0x90) return 0;  // overlong
    if (first == 0xF4 && octet(1) > 0x8F) return 0;  // beyond U+10FFFF
    return length;
}

void append_utf8(std::string& out, std::uint32_t point) {
    const auto put = [&](std::uint32_t octet) { out += static_cast<char>(octet); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0U | (point >> 6U));
        put(0x80U | (point & 0x3FU));
    } else if (point < 0x10000) {
        put(0xE0U | (point >> 12U));
        put(0x80U | ((point >> 6U) & 0x3FU));
        put(0x80U | (point & 0x3FU));
    } else {
        put(0xF0U | (point >> 18U));
        put(0x80U | ((point >> 12U) & 0x3FU));
        put(0x80U | ((point >> 6U) & 0x3FU));
        put(0x80U | (point & 0x3FU));
    }
}

class Parser {
public:
    explicit Parser(std::string_view text) : rest_(text), size_(text.size()) {}

    Result<Value> whole() {
        SEALWRIGHT_TRY(auto value, read(0));
        skip_space();
        if (!rest_.empty()) return wrong("more octets behind the value");
        return value;
    }

private:
    Error wrong(std::string_view what) const {
        return fail(ErrorCode::malformed,
                    "not JSON: " + std::string{what} + " at octet " + std::to_string(size_ - rest_.size()));
    }

    void skip_space() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n' || rest_[0] == '\r'))
            rest_.remove_prefix(1);
    }

    bool take(std::string_view token) {
        if (!rest_.starts_with(token)) return false;
        rest_.remove_prefix(token.size());
        return true;
    }

    Result<Value> read(unsigned depth) {
        if (depth > kMaxDepth) return wrong("nested too deeply");
        skip_space();
        if (rest_.empty()) return wrong("an end too early");
        if (rest_[0] == '{') return read_object(depth);
        if (rest_[0] == '[') return read_array(depth);
        if (rest_[0] == '"') {
            SEALWRIGHT_TRY(auto text, read_text());
            return Value{Value::Storage{std::move(text)}};
        }
        if (take("true")) return Value{Value::Storage{true}};
        if (take("false")) return Value{Value::Storage{false}};
        if (take("null")) return Value{};
        return read_number();
    }

    Result<Value> read_number() {
        std::size_t digits = 0;
        std::uint64_t value = 0;
        while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
            // RFC 8785 3.2.2.3 writes numbers as IEEE 754 doubles: whole ones are exact up to 2^53.
            if (value > (std::uint64_t{1} << 53U)) return wrong("a number that is too large");
            value = value * 10 + static_cast<std::uint64_t>(rest_[digits] - '0');
            ++digits;
        }
        if (digits == 0 || (digits > 1 && rest_[0] == '0')) return wrong("no whole number");
        rest_.remove_prefix(digits);
        if (!rest_.empty() && std::string_view{".eE+-"}.find(rest_[0]) != std::string_view::npos)
            return wrong("no whole number");
        return Value{Value::Storage{value}};
    }

    Result<std::uint32_t> read_hex4() {
        if (rest_.size() < 4) return wrong("an end too early");
        SEALWRIGHT_TRY(const auto octets, from_hex(rest_.substr(0, 4)));
        rest_.remove_prefix(4);
        return (static_cast<std::uint32_t>(octets[0]) << 8U) | octets[1];
    }

    Result<void> read_escape(std::string& out) {
        if (rest_.empty()) return wrong("an end too early");
        const char kind = rest_[0];
        rest_.remove_prefix(1);
        constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        if (const auto at = names.find(kind); at != std::string_view::npos) {
            out += meanings[at];
            return success();
        }
        if (kind != 'u') return wrong("an unknown escape");
        SEALWRIGHT_TRY(auto point, read_hex4());
        if (point >= 0xDC00 && point <= 0xDFFF) return wrong("half of a surrogate pair");
        if (point >= 0xD800 && point <= 0xDBFF) {
            if (!take("\\u")) return wrong("half of a surrogate pair");
            SEALWRIGHT_TRY(const auto low, read_hex4());
            if (low < 0xDC00 || low > 0xDFFF) return wrong("half of a surrogate pair");
            point = 0x10000U + ((point - 0xD800U) << 10U) + (low - 0xDC00U);
        }
        append_utf8(out, point);
        return success();
    }

    Result<std::string> read_text() {
        rest_.remove_prefix(1);
        std::string out;
        for (;;) {
            if (rest_.empty()) return wrong("an end within text");
            if (take("\"")) return out;
            if (take("\\")) {
                SEALWRIGHT_TRY(read_escape(out));
                continue;
            }
            const std::size_t length = utf8_length(rest_);
            if (length == 0) return wrong("text that is not UTF-8");
            if (static_cast<unsigned char>(rest_[0]) < 0x20) return wrong("a control character");
            out += rest_.substr(0, length);
            rest_.remove_prefix(length);
        }
    }

    Result<Value> read_array(unsigned depth) {
        rest_.remove_prefix(1);
        Array items;
        skip_space();
        if (take("]")) return Value{Value::Storage{std::move(items)}};
        for (;;) {
            SEALWRIGHT_TRY(auto item, read(depth + 1));
            items.push_back(std::move(item));
            if (items.size() > kMaxMembers) return wrong("too many items");
            skip_space();
            if (take("]")) return Value{Value::Storage{std::move(items)}};
            if (!take(",")) return wrong("no comma");
        }
    }

    Result<Value> read_object(unsigned depth) {
        rest_.remove_prefix(1);
        Object members;
        skip_space();
        if (take("}")) return Value{Value::Storage{std::move(members)}};
        for (;;) {
            skip_space();
            if (rest_.empty() || rest_[0] != '"') return wrong("no key");
            SEALWRIGHT_TRY(auto key, read_text());
            skip_space();
            if (!take(":")) return wrong("no colon");
            SEALWRIGHT_TRY(auto value, read(depth + 1));
            if (!members.emplace(std::move(key), std::move(value)).second) return wrong("a key given twice");
            if (members.size() > kMaxMembers) return wrong("too many members");
            skip_space();
            if (take("}")) return Value{Value::Storage{std::move(members)}};
            if (!take(",")) return wrong("no comma");
        }
    }

    std::string_view rest_;
    std::size_t size_;
};

void write_text(const std::string& text, std::string& out) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (octet < 0x20) {
                    out += "\\u00";
                    out += digits[octet >> 4U];
                    out += digits[octet & 15U];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

// write is RFC 8785. Keys with characters beyond the basic plane would sort otherwise than their octets (3.2.3); no
// format that is read here has keys beyond ASCII, and such a document merely counts as not canonical.
void write(const Value& value, std::string& out) {
    if (value.is_null()) {
        out += "null";
    } else if (const auto* flag = value.as_bool()) {
        out += *flag ? "true" : "false";
    } else if (const auto* number = value.as_number()) {
        out += std::to_string(*number);
    } else if (const auto* text = value.as_text()) {
        write_text(*text, out);
    } else if (const auto* items = value.as_array()) {
        out += '[';
        for (std::size_t i = 0; i < items->size(); ++i) {
            if (i != 0) out += ',';
            write((*items)[i], out);
        }
        out += ']';
    } else if (const auto* members = value.as_object()) {
        out += '{';
        bool first = true;
        for (const auto& [key, member] : *members) {
            if (!first) out += ',';
            first = false;
            write_text(key, out);
            out += ':';
            write(member, out);
        }
        out += '}';
    }
}

}  // namespace

const Value* Value::member(std::string_view key) const noexcept {
    const auto* members = as_object();
    if (members == nullptr) return nullptr;
    const auto found = members->find(std::string{key});
    return found == members->end() ? nullptr : &found->second;
}

std::string Value::text(std::string_view key) const {
    const auto* value = member(key);
    const auto* text = value == nullptr ? nullptr : value->as_text();
    return text == nullptr ? std::string{} : *text;
}

std::optional<std::uint64_t> Value::number(std::string_view key) const {
    const auto* value = member(key);
    const auto* number = value == nullptr ? nullptr : value->as_number();
    return number == nullptr ? std::nullopt : std::optional{*number};
}

bool Value::flag(std::string_view key) const {
    const auto* value = member(key);
    const auto* flag = value == nullptr ? nullptr : value->as_bool();
    return flag != nullptr && *flag;
}

std::string Value::canonical() const {
    std::string out;
    write(*this, out);
    return out;
}

Result<Value> parse_json(std::string_view text, std::size_t limit) {
    if (text.size() > limit)
        return fail(ErrorCode::too_large, "JSON of more than " + std::to_string(limit) + " octets");
    return Parser{text}.whole();
}

Result<Value> parse_canonical_json(std::string_view text, std::size_t limit) {
    SEALWRIGHT_TRY(auto value, parse_json(text, limit));
    if (value.canonical() != text) return fail(ErrorCode::malformed, "JSON that is not in canonical form (RFC 8785)");
    return value;
}

}  // namespace sealwright::verifier
