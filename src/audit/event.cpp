#include "audit/event.hpp"

#include <charconv>
#include <stdexcept>
#include <utility>

namespace sealwright::audit {
namespace {

constexpr std::array<std::pair<EventKind, std::string_view>, 38> kKinds{{
    {EventKind::daemon_started, "daemon.started"},
    {EventKind::daemon_stopped, "daemon.stopped"},
    {EventKind::epoch_opened, "epoch.opened"},
    {EventKind::configuration_loaded, "configuration.loaded"},
    {EventKind::request_received, "request.received"},
    {EventKind::request_refused, "request.refused"},
    {EventKind::request_awaiting_approval, "request.awaiting_approval"},
    {EventKind::request_approved, "request.approved"},
    {EventKind::request_denied, "request.denied"},
    {EventKind::certificate_intended, "certificate.intended"},
    {EventKind::certificate_issued, "certificate.issued"},
    {EventKind::certificate_adopted, "certificate.adopted"},
    {EventKind::certificate_indeterminate, "certificate.indeterminate"},
    {EventKind::certificate_abandoned, "certificate.abandoned"},
    {EventKind::certificate_revoked, "certificate.revoked"},
    {EventKind::certificate_held, "certificate.held"},
    {EventKind::certificate_released, "certificate.released"},
    {EventKind::crl_intended, "crl.intended"},
    {EventKind::crl_issued, "crl.issued"},
    {EventKind::crl_abandoned, "crl.abandoned"},
    {EventKind::secret_created, "secret.created"},
    {EventKind::secret_used, "secret.used"},
    {EventKind::secret_revoked, "secret.revoked"},
    {EventKind::profile_loaded, "profile.loaded"},
    {EventKind::access_denied, "access.denied"},
    {EventKind::input_refused, "input.refused"},
    {EventKind::clock_stopped, "clock.stopped"},
    {EventKind::issuance_stopped, "issuance.stopped"},
    {EventKind::issuance_resumed, "issuance.resumed"},
    {EventKind::key_enrolled, "key.enrolled"},
    {EventKind::request_challenged, "request.challenged"},
    {EventKind::ek_imported, "ek.imported"},
    {EventKind::ek_removed, "ek.removed"},
    {EventKind::device_revoked, "device.revoked"},
    {EventKind::device_retired, "device.retired"},
    {EventKind::epoch_raised, "epoch.raised"},
    {EventKind::crl_number_raised, "crl.number_raised"},
    {EventKind::clock_accepted, "clock.accepted"},
}};

constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxKeySize = 64;
constexpr std::size_t kMaxValueSize = 16384;  // what a value may keep in a leaf that has room
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD, for octets that are no UTF-8
constexpr std::string_view kHexDigits = "0123456789abcdef";

// sequence_length gives how many octets the well-formed UTF-8 sequence at the front has, or 0 (Unicode 15, table 3-7:
// no overlong forms, no surrogates, nothing beyond U+10FFFF).
std::size_t sequence_length(std::string_view text) noexcept {
    const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto continues = [&](std::size_t i, std::uint8_t low, std::uint8_t high) {
        return i < text.size() && octet(i) >= low && octet(i) <= high;
    };
    const std::uint8_t first = octet(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(1, 0x80, 0xBF) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const std::uint8_t low = first == 0xE0 ? 0xA0 : 0x80;
        const std::uint8_t high = first == 0xED ? 0x9F : 0xBF;
        return continues(1, low, high) && continues(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const std::uint8_t low = first == 0xF0 ? 0x90 : 0x80;
        const std::uint8_t high = first == 0xF4 ? 0x8F : 0xBF;
        return continues(1, low, high) && continues(2, 0x80, 0xBF) && continues(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

// add_escaped writes one sequence as RFC 8785 3.2.2.2 wants it: short escapes where JSON has them, \u00xx for other
// controls, all else as it is.
void add_escaped(std::string& out, std::string_view sequence) {
    const char c = sequence[0];
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\r':
            out += "\\r";
            return;
        default:
            break;
    }
    if (static_cast<std::uint8_t>(c) < 0x20) {
        out += "\\u00";
        out += kHexDigits[static_cast<std::uint8_t>(c) >> 4];
        out += kHexDigits[static_cast<std::uint8_t>(c) & 15];
        return;
    }
    out += sequence;
}

// well_formed replaces each octet that is part of no UTF-8 sequence.
std::string well_formed(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        out += length == 0 ? kReplacement : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

// truncated keeps at most limit octets of whole sequences, the last of them an ellipsis where something was left out.
std::string_view truncated(std::string& text, std::size_t limit) {
    if (text.size() <= limit) return text;
    std::size_t keep = limit - kEllipsis.size();
    while (keep > 0 && (static_cast<std::uint8_t>(text[keep]) & 0xC0U) == 0x80U) --keep;
    text.resize(keep);
    text += kEllipsis;
    return text;
}

// is_plain says that text can be copied between quotes as it is, which nearly every value can.
bool is_plain(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

void add_string(std::string& out, std::string_view value, std::size_t limit) {
    out += '"';
    if (value.size() <= limit && is_plain(value)) {
        out += value;
    } else {
        std::string copy = well_formed(value);
        std::string_view rest = truncated(copy, limit);
        while (!rest.empty()) {
            const std::size_t length = sequence_length(rest);
            add_escaped(out, rest.substr(0, length));
            rest.remove_prefix(length);
        }
    }
    out += '"';
}

bool is_key(std::string_view key) noexcept {
    if (key.empty() || key.size() > kMaxKeySize || key[0] < 'a' || key[0] > 'z') return false;
    return std::all_of(key.begin(), key.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// write_event keeps the members in the order of their names, which for ASCII is RFC 8785 3.2.3's order of UTF-16 code
// units.
std::string write_event(const Event& event, std::size_t value_limit) {
    std::string out;
    out.reserve(768);
    out += R"({"actor":)";
    add_string(out, event.actor, value_limit);
    out += R"(,"epoch":")" + std::to_string(event.epoch.value()) + R"(","fields":{)";
    bool first = true;
    for (const auto& [key, value] : event.fields) {
        if (!first) out += ',';
        first = false;
        out += '"';
        out += key;
        out += "\":";
        add_string(out, value, value_limit);
    }
    out += R"(},"kind":")";
    out += event_kind_name(event.kind);
    out += R"(","node":")" + event.node.hex() + R"(","time":")" + to_rfc3339(event.time) + R"(","v":)" +
           std::to_string(event_version(event.kind)) + "}";
    return out;
}

Error not_an_event(std::string detail) {
    return fail(ErrorCode::malformed, "not an audit event of a known version", std::move(detail));
}

// Cursor reads the one form that write_event writes.
class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_(text) {}

    bool skip(std::string_view literal) noexcept {
        if (!rest_.starts_with(literal)) return false;
        rest_.remove_prefix(literal.size());
        return true;
    }

    Result<void> expect(std::string_view literal) {
        if (!skip(literal)) return not_an_event("expected " + std::string{literal});
        return success();
    }

    // string reads a JSON string with the escapes that RFC 8785 writes; whether each was the right one is seen when it
    // is written again.
    Result<std::string> string() {
        SEALWRIGHT_TRY(expect("\""));
        std::string value;
        for (;;) {
            const std::size_t plain = std::min(rest_.find_first_of("\"\\"), rest_.size());
            value += rest_.substr(0, plain);
            rest_.remove_prefix(plain);
            if (rest_.empty()) return not_an_event("unterminated string");
            if (skip("\"")) return value;
            SEALWRIGHT_TRY(const char decoded, escape());
            value += decoded;
        }
    }

    bool at_end() const noexcept { return rest_.empty(); }

private:
    Result<char> escape() {
        static constexpr std::array<std::pair<std::string_view, char>, 7> kShort{{
            {"\\\"", '"'},
            {"\\\\", '\\'},
            {"\\b", '\b'},
            {"\\t", '\t'},
            {"\\n", '\n'},
            {"\\f", '\f'},
            {"\\r", '\r'},
        }};
        for (const auto& [written, meant] : kShort) {
            if (skip(written)) return meant;
        }
        SEALWRIGHT_TRY(expect("\\u00"));
        SEALWRIGHT_TRY(const auto octet, from_hex(rest_.substr(0, 2)));
        if (octet.size() != 1 || octet[0] >= 0x20) return not_an_event("an escape that is no control character");
        rest_.remove_prefix(2);
        return static_cast<char>(octet[0]);
    }

    std::string_view rest_;
};

Result<std::map<std::string, std::string>> read_fields(Cursor& cursor) {
    std::map<std::string, std::string> fields;
    SEALWRIGHT_TRY(cursor.expect("{"));
    if (cursor.skip("}")) return fields;
    do {
        SEALWRIGHT_TRY(auto key, cursor.string());
        if (!is_key(key)) return not_an_event("a field name that is none");
        SEALWRIGHT_TRY(cursor.expect(":"));
        SEALWRIGHT_TRY(auto value, cursor.string());
        if (fields.size() == kMaxFields) return not_an_event("too many fields");
        if (!fields.emplace(std::move(key), std::move(value)).second) return not_an_event("a field twice");
    } while (cursor.skip(","));
    SEALWRIGHT_TRY(cursor.expect("}"));
    return fields;
}

Result<BootEpoch> read_epoch(const std::string& text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return not_an_event("an epoch that is no number");
    return BootEpoch{value};
}

}  // namespace

std::string_view event_kind_name(EventKind kind) noexcept {
    for (const auto& [candidate, name] : kKinds) {
        if (candidate == kind) return name;
    }
    return "unknown";
}

Result<EventKind> parse_event_kind(std::string_view name) {
    for (const auto& [kind, candidate] : kKinds) {
        if (candidate == name) return kind;
    }
    return fail(ErrorCode::malformed, "unknown kind of audit event");
}

unsigned event_version(EventKind kind) noexcept {
    return kind == EventKind::clock_accepted ? kClockEventVersion : kEventVersion;
}

Bytes encode_event(const Event& event) {
    if (event.fields.size() > kMaxFields) throw std::logic_error("an audit event with too many fields");
    for (const auto& [key, value] : event.fields) {
        if (!is_key(key)) throw std::logic_error("an audit event with a field name that is none: " + key);
    }
    // Halving ends: at 16 octets a value even the largest number of fields fits many times.
    std::string text = write_event(event, kMaxValueSize);
    for (std::size_t limit = kMaxValueSize / 2; text.size() > kMaxLeafSize; limit /= 2)
        text = write_event(event, limit);
    return bytes_of(view_of(text));
}

Result<Event> parse_event(ByteView leaf) {
    if (leaf.size() > kMaxLeafSize) return fail(ErrorCode::too_large, "an audit event larger than 65535 octets");
    Cursor cursor{text_of(leaf)};
    Event event;
    SEALWRIGHT_TRY(cursor.expect(R"({"actor":)"));
    SEALWRIGHT_TRY(event.actor, cursor.string());
    SEALWRIGHT_TRY(cursor.expect(R"(,"epoch":)"));
    SEALWRIGHT_TRY(const auto epoch, cursor.string());
    SEALWRIGHT_TRY(event.epoch, read_epoch(epoch));
    SEALWRIGHT_TRY(cursor.expect(R"(,"fields":)"));
    SEALWRIGHT_TRY(event.fields, read_fields(cursor));
    SEALWRIGHT_TRY(cursor.expect(R"(,"kind":)"));
    SEALWRIGHT_TRY(const auto kind, cursor.string());
    SEALWRIGHT_TRY(event.kind, parse_event_kind(kind));
    SEALWRIGHT_TRY(cursor.expect(R"(,"node":)"));
    SEALWRIGHT_TRY(const auto node, cursor.string());
    SEALWRIGHT_TRY(event.node, NodeId::from_hex_text(node));
    SEALWRIGHT_TRY(cursor.expect(R"(,"time":)"));
    SEALWRIGHT_TRY(const auto time, cursor.string());
    SEALWRIGHT_TRY(event.time, from_rfc3339(time));
    SEALWRIGHT_TRY(cursor.expect(R"(,"v":)" + std::to_string(event_version(event.kind)) + "}"));
    if (!cursor.at_end()) return not_an_event("octets behind the event");
    if (!equal(encode_event(event), leaf)) return not_an_event("not in canonical form");
    return event;
}

}  // namespace sealwright::audit
