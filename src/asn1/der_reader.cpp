#include "asn1/der_reader.hpp"

#include <string>

namespace sealwright::asn1 {
namespace {

constexpr std::size_t kMaxLengthOctets = 4;

Error malformed(std::string what, std::size_t offset) {
    return fail(ErrorCode::malformed, "DER: " + what, "at offset " + std::to_string(offset));
}

std::string tag_text(Tag tag) {
    const std::uint8_t octet = tag;
    return "0x" + to_hex({&octet, 1});
}

struct Header {
    std::size_t size = 0;    // octets of identifier and length
    std::size_t length = 0;  // octets of content
};

// read_header reads identifier and length as X.690 10.1 wants them: definite and in the fewest octets.
Result<Header> read_header(ByteView rest, std::size_t offset) {
    if (rest.size() < 2) return malformed("an element is cut off", offset);
    if ((rest[0] & 0x1FU) == 0x1FU) return malformed("a high tag number", offset);
    if (rest[0] == 0) return malformed("an end-of-contents octet", offset);
    const std::uint8_t first = rest[1];
    if (first < 0x80) return Header{2, first};
    if (first == 0x80) return malformed("an indefinite length", offset);
    const std::size_t count = first & 0x7FU;
    if (count > kMaxLengthOctets) return malformed("a length of more than four octets", offset);
    if (rest.size() < 2 + count) return malformed("a length is cut off", offset);
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = (length << 8U) | rest[2 + i];
    if (rest[2] == 0 || length < 0x80) return malformed("a length that is not minimal", offset);
    return Header{2 + count, length};
}

bool is_minimal_integer(ByteView content) noexcept {
    if (content.empty()) return false;
    if (content.size() == 1) return true;
    // X.690 8.3.2: the first nine bits are neither all ones nor all zeros.
    const bool high_bit = (content[1] & 0x80U) != 0;
    return !(content[0] == 0x00 && !high_bit) && !(content[0] == 0xFF && high_bit);
}

bool is_minimal_oid(ByteView content) noexcept {
    if (content.empty() || (content.back() & 0x80U) != 0) return false;
    bool arc_begins = true;
    for (const std::uint8_t octet : content) {
        // X.690 8.19.2: the leading octet of a subidentifier is not 0x80.
        if (arc_begins && octet == 0x80) return false;
        arc_begins = (octet & 0x80U) == 0;
    }
    return true;
}

// digit_pair reads two decimal digits; -1 for anything else.
int digit_pair(ByteView text, std::size_t at) noexcept {
    const std::uint8_t tens = text[at];
    const std::uint8_t ones = text[at + 1];
    if (tens < '0' || tens > '9' || ones < '0' || ones > '9') return -1;
    return (tens - '0') * 10 + (ones - '0');
}

}  // namespace

Result<Element> DerReader::next() {
    SEALWRIGHT_TRY(const Header header, read_header(rest_, offset()));
    if (header.length > rest_.size() - header.size) {
        return malformed("an element is longer than what holds it", offset());
    }
    const ByteView encoding = rest_.first(header.size + header.length);
    const Element element{encoding[0], encoding, encoding.subspan(header.size)};
    rest_ = rest_.subspan(encoding.size());
    return element;
}

Result<Element> DerReader::expect(Tag tag) {
    if (rest_.empty()) return malformed("an element with tag " + tag_text(tag) + " is missing", offset());
    if (rest_[0] != tag) {
        return malformed("expected tag " + tag_text(tag) + ", found " + tag_text(rest_[0]), offset());
    }
    return next();
}

Result<std::optional<Element>> DerReader::optional(Tag tag) {
    if (peek() != tag || rest_.empty()) return std::optional<Element>{};
    SEALWRIGHT_TRY(const Element element, next());
    return std::optional<Element>{element};
}

Result<DerReader> DerReader::enter(Tag tag) {
    SEALWRIGHT_TRY(const Element element, expect(tag));
    return DerReader{element.content};
}

Result<void> DerReader::finish() const {
    if (!rest_.empty()) return malformed("unexpected octets behind the last element", offset());
    return success();
}

Result<bool> DerReader::boolean(Tag tag) {
    const std::size_t at = offset();
    SEALWRIGHT_TRY(const Element element, expect(tag));
    if (element.content.size() != 1 || (element.content[0] != 0x00 && element.content[0] != 0xFF)) {
        return malformed("a BOOLEAN other than 00 or FF", at);  // X.690 11.1
    }
    return element.content[0] == 0xFF;
}

Result<ByteView> DerReader::integer(Tag tag) {
    const std::size_t at = offset();
    SEALWRIGHT_TRY(const Element element, expect(tag));
    if (!is_minimal_integer(element.content)) return malformed("an INTEGER that is not minimal", at);
    return element.content;
}

Result<ByteView> DerReader::unsigned_integer(Tag tag) {
    const std::size_t at = offset();
    SEALWRIGHT_TRY(const ByteView content, integer(tag));
    if ((content[0] & 0x80U) != 0) return malformed("a negative INTEGER", at);
    return content.size() > 1 && content[0] == 0 ? content.subspan(1) : content;
}

Result<std::uint64_t> DerReader::small_integer(Tag tag) {
    const std::size_t at = offset();
    SEALWRIGHT_TRY(const ByteView content, integer(tag));
    if ((content[0] & 0x80U) != 0) return malformed("a negative INTEGER", at);
    if (content.size() > 8) return malformed("an INTEGER that is too large", at);
    std::uint64_t value = 0;
    for (const std::uint8_t octet : content) value = (value << 8U) | octet;
    return value;
}

Result<BitString> DerReader::bit_string(Tag tag) {
    const std::size_t at = offset();
    SEALWRIGHT_TRY(const Element element, expect(tag));
    if (element.content.empty()) return malformed("a BIT STRING without its first octet", at);
    const unsigned unused = element.content[0];
    const ByteView octets = element.content.subspan(1);
    if (unused > 7 || (octets.empty() && unused != 0)) return malformed("a BIT STRING with too many unused bits", at);
    if (unused > 0 && (octets.back() & ((1U << unused) - 1U)) != 0) {
        return malformed("a BIT STRING whose unused bits are not zero", at);
    }
    return BitString{octets, unused};
}

Result<ByteView> DerReader::octet_string(Tag tag) {
    SEALWRIGHT_TRY(const Element element, expect(tag));
    return element.content;
}

Result<ByteView> DerReader::oid(Tag tag) {
    const std::size_t at = offset();
    SEALWRIGHT_TRY(const Element element, expect(tag));
    if (!is_minimal_oid(element.content)) return malformed("an OBJECT IDENTIFIER that is empty or not minimal", at);
    return element.content;
}

Result<void> DerReader::null(Tag tag) {
    const std::size_t at = offset();
    SEALWRIGHT_TRY(const Element element, expect(tag));
    if (!element.content.empty()) return malformed("a NULL with content", at);
    return success();
}

Result<UtcTime> DerReader::time() {
    SEALWRIGHT_TRY(const Element element, expect(peek() == kGeneralizedTime ? kGeneralizedTime : kUtcTime));
    return parse_time(element);
}

Result<Element> the_only(ByteView input, Tag tag) {
    DerReader reader{input};
    SEALWRIGHT_TRY(const Element element, reader.expect(tag));
    SEALWRIGHT_TRY(reader.finish());
    return element;
}

Result<UtcTime> parse_time(const Element& element) {
    const auto bad = [](std::string what) { return malformed("a time " + std::move(what), 0); };
    const ByteView text = element.content;
    const bool generalized = element.tag == kGeneralizedTime;
    if (!generalized && element.tag != kUtcTime) return bad("is neither UTCTime nor GeneralizedTime");
    if (text.size() != (generalized ? 15U : 13U) || text.back() != 'Z') {
        return bad(generalized ? "must read YYYYMMDDHHMMSSZ" : "must read YYMMDDHHMMSSZ");
    }
    std::array<int, 7> part{};  // century, year, month, day, hour, minute, second
    for (std::size_t i = generalized ? 0 : 1; i < part.size(); ++i) {
        part[i] = digit_pair(text, (generalized ? i : i - 1) * 2);
        if (part[i] < 0) return bad("has a character that is no digit");
    }
    // RFC 5280 4.1.2.5.1: a two-digit year of 50 or more is 19YY.
    if (!generalized) part[0] = part[1] >= 50 ? 19 : 20;
    const std::chrono::year_month_day date{std::chrono::year{part[0] * 100 + part[1]},
                                           std::chrono::month{static_cast<unsigned>(part[2])},
                                           std::chrono::day{static_cast<unsigned>(part[3])}};
    if (!date.ok() || part[4] > 23 || part[5] > 59 || part[6] > 59) return bad("names no moment");
    return UtcTime{std::chrono::sys_days{date}} + std::chrono::hours{part[4]} + std::chrono::minutes{part[5]} +
           std::chrono::seconds{part[6]};
}

}  // namespace sealwright::asn1
