#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/name.hpp"
#include "x509/name_codec.hpp"
#include "x509/string_types.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;

struct ShortName {
    std::string_view name;
    ByteView type;
};

// RFC 4514 section 3 for the first nine; the others as everybody writes them.
const std::vector<ShortName>& short_names() {
    static const auto& all = *new std::vector<ShortName>{
        {"CN", oid::kCommonName},
        {"L", oid::kLocalityName},
        {"ST", oid::kStateOrProvinceName},
        {"O", oid::kOrganizationName},
        {"OU", oid::kOrganizationalUnitName},
        {"C", oid::kCountryName},
        {"street", oid::kStreetAddress},
        {"DC", oid::kDomainComponent},
        {"UID", oid::kUserId},
        {"serialNumber", oid::kSerialNumber},
        {"SN", oid::kSurname},
        {"GN", oid::kGivenName},
        {"title", oid::kTitle},
        {"initials", oid::kInitials},
        {"generationQualifier", oid::kGenerationQualifier},
        {"dnQualifier", oid::kDnQualifier},
        {"pseudonym", oid::kPseudonym},
        {"postalCode", oid::kPostalCode},
        {"organizationIdentifier", oid::kOrganizationIdentifier},
        {"emailAddress", oid::kEmailAddress},
    };
    return all;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

constexpr std::string_view kSpecial = "\"+,;<>\\";

Error bad_name_text(std::string what) { return fail(ErrorCode::malformed, "name: " + std::move(what)); }

void append_hex_escape(std::string& out, char c) {
    const auto octet = static_cast<std::uint8_t>(c);
    out += "\\" + to_hex({&octet, 1});
}

// hidden_length is the octets of a character at the front that an eye cannot see or that turns text around: controls,
// line and paragraph separators, bidirectional marks. 0 for any other character.
std::size_t hidden_length(std::string_view rest) noexcept {
    const auto at = [&](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U; };
    if (at(0) < 0x20 || at(0) == 0x7F) return 1;
    if (at(0) == 0xC2 && at(1) >= 0x80 && at(1) <= 0x9F) return 2;                   // U+0080 to U+009F
    if (at(0) == 0xD8 && at(1) == 0x9C) return 2;                                    // U+061C
    if (at(0) == 0xE2 && at(1) == 0x80 && at(2) >= 0x8B && at(2) <= 0x8F) return 3;  // U+200B to U+200F
    if (at(0) == 0xE2 && at(1) == 0x80 && at(2) >= 0xA8 && at(2) <= 0xAE) return 3;  // U+2028 to U+202E
    if (at(0) == 0xE2 && at(1) == 0x81 && at(2) >= 0xA0 && at(2) <= 0xAF) return 3;  // U+2060 to U+206F
    if (at(0) == 0xEF && at(1) == 0xBB && at(2) == 0xBF) return 3;                   // U+FEFF
    return 0;
}

std::string escape_value(std::string_view value) {
    std::string out;
    for (std::size_t i = 0; i < value.size();) {
        if (const std::size_t hidden = hidden_length(value.substr(i)); hidden > 0) {
            for (std::size_t end = i + hidden; i < end; ++i) append_hex_escape(out, value[i]);
            continue;
        }
        const char c = value[i];
        const bool edge_space = c == ' ' && (i == 0 || i + 1 == value.size());
        if (edge_space || (i == 0 && c == '#') || kSpecial.find(c) != std::string_view::npos) out += '\\';
        out += c;
        ++i;
    }
    return out;
}

bool has_short_name(ByteView type) {
    return std::any_of(short_names().begin(), short_names().end(),
                       [&](const ShortName& known) { return equal(known.type, type); });
}

// format_attribute shows a type without a short name with the hexadecimal form of its value (RFC 4514 2.4).
std::string format_attribute(const Attribute& attribute) {
    std::string out = attribute_short_name(attribute.type) + "=";
    if (has_short_name(attribute.type)) return out + escape_value(attribute.value);
    const asn1::Tag tag = attribute.tag != 0 ? attribute.tag : default_string_tag(attribute.type);
    const auto content = encode_string(tag, attribute.value);
    if (!content) return out + escape_value(attribute.value);
    asn1::DerWriter writer;
    writer.primitive(tag, content.value());
    return out + "#" + to_hex(writer.view());
}

// TextReader walks RFC 4514 text.
class TextReader {
public:
    explicit TextReader(std::string_view text) : text_(text) {}

    bool at_end() const noexcept { return at_ == text_.size(); }
    char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
    void skip_spaces() noexcept {
        while (peek() == ' ') ++at_;
    }
    void skip() noexcept { ++at_; }

    Result<Attribute> attribute() {
        skip_spaces();
        const std::size_t equals = text_.find('=', at_);
        if (equals == std::string_view::npos) return bad_name_text("expected TYPE=value");
        SEALWRIGHT_TRY(auto type, parse_attribute_name(text_.substr(at_, equals - at_)));
        at_ = equals + 1;
        if (peek() == '#') return hex_value(std::move(type));
        SEALWRIGHT_TRY(auto value, escaped_value());
        return Attribute{std::move(type), std::move(value), 0};
    }

private:
    bool at_separator() const noexcept { return at_end() || peek() == ',' || peek() == '+'; }

    Result<Attribute> hex_value(Bytes type) {
        const std::size_t begin = ++at_;
        while (!at_separator()) ++at_;
        SEALWRIGHT_TRY(const auto octets, from_hex(text_.substr(begin, at_ - begin)));
        asn1::DerReader reader{octets};
        SEALWRIGHT_TRY(const auto element, reader.next());
        SEALWRIGHT_TRY(reader.finish());
        SEALWRIGHT_TRY(auto value, decode_string(element.tag, element.content));
        if (value.empty()) return bad_name_text("an empty value");
        return Attribute{std::move(type), std::move(value), element.tag};
    }

    Result<std::string> escaped_value() {
        std::string value;
        bool ends_in_space = false;
        if (peek() == ' ') return bad_name_text("a value that begins with a space which is not escaped");
        while (!at_separator()) {
            const char c = peek();
            ++at_;
            ends_in_space = c == ' ';
            if (c == '\\') {
                SEALWRIGHT_TRY(const char escaped, escape());
                value += escaped;
            } else if (kSpecial.find(c) != std::string_view::npos || c == '\0') {
                return bad_name_text("a special character that is not escaped");
            } else {
                value += c;
            }
        }
        if (ends_in_space) return bad_name_text("a value that ends in a space which is not escaped");
        if (value.empty()) return bad_name_text("an empty value");
        if (!count_characters(value)) return bad_name_text("invalid UTF-8");
        if (value.find('\0') != std::string::npos) return bad_name_text("a NUL character");
        return value;
    }

    // escape reads what follows a backslash: a special character or two hexadecimal digits.
    Result<char> escape() {
        const std::string_view rest = text_.substr(at_);
        if (!rest.empty() &&
            (kSpecial.find(rest[0]) != std::string_view::npos || rest[0] == ' ' || rest[0] == '#' || rest[0] == '=')) {
            ++at_;
            return rest[0];
        }
        const auto octet = from_hex(rest.substr(0, 2));
        if (!octet || octet.value().size() != 1) return bad_name_text("a broken escape");
        at_ += 2;
        return static_cast<char>(octet.value()[0]);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::string attribute_short_name(ByteView type) {
    for (const ShortName& known : short_names()) {
        if (equal(known.type, type)) return std::string{known.name};
    }
    return asn1::format_oid(type);
}

Result<Bytes> parse_attribute_name(std::string_view name) {
    for (const ShortName& known : short_names()) {
        if (equal_ignoring_case(known.name, name)) return bytes_of(known.type);
    }
    if (!name.empty() && name[0] >= '0' && name[0] <= '9') return asn1::parse_oid(name);
    return bad_name_text("an unknown attribute type; write a short name such as CN or a dotted object identifier");
}

std::string format_name(const Name& name) {
    std::string out;
    for (auto rdn = name.rdns.rbegin(); rdn != name.rdns.rend(); ++rdn) {
        if (!out.empty()) out += ",";
        bool first = true;
        for (const Attribute& attribute : *rdn) {
            if (!first) out += "+";
            out += format_attribute(attribute);
            first = false;
        }
    }
    return out;
}

Result<Name> parse_name_text(std::string_view text) {
    if (text.size() > kMaxNameSize) return fail(ErrorCode::too_large, "name: more than 8192 characters");
    Name name;
    if (text.empty()) return name;
    TextReader reader{text};
    for (bool same_rdn = false;;) {
        SEALWRIGHT_TRY(auto attribute, reader.attribute());
        if (!same_rdn) name.rdns.emplace_back();
        name.rdns.back().push_back(std::move(attribute));
        if (reader.at_end()) break;
        same_rdn = reader.peek() == '+';
        reader.skip();
    }
    std::reverse(name.rdns.begin(), name.rdns.end());
    // Encoding finds what is wrong with a value: better here, where a person wrote it, than when it is used.
    SEALWRIGHT_TRY(encode_name(name));
    return name;
}

}  // namespace sealwright::x509
