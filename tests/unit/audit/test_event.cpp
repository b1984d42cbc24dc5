#include <gtest/gtest.h>

#include "audit/event.hpp"

namespace sealwright::audit {
namespace {

Event example() {
    Event event;
    event.kind = EventKind::certificate_intended;
    event.time = from_rfc3339("2026-11-22T10:57:29Z").value();
    event.node = NodeId::from_hex_text("000102030405060708090a0b0c0d0e0f").value();
    event.epoch = BootEpoch{7};
    event.actor = "secret:3f2a";
    event.fields = {{"serial", "0a"}, {"profile", "tls-server"}};
    return event;
}

std::string text(const Event& event) { return std::string{text_of(encode_event(event))}; }

Result<Event> parse(std::string_view leaf) { return parse_event(view_of(leaf)); }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(AuditEvent, IsWrittenAsCanonicalJson) {
    EXPECT_EQ(
        text(example()),
        R"({"actor":"secret:3f2a","epoch":"7","fields":{"profile":"tls-server","serial":"0a"},"kind":"certificate.intended",)"
        R"("node":"000102030405060708090a0b0c0d0e0f","time":"2026-11-22T10:57:29Z","v":1})");
}

TEST(AuditEvent, EscapesAsRfc8785Does) {
    // The string of RFC 8785 3.2.2's example: euro sign, dollar, U+000F, newline, A'B"\\"/ with its escapes.
    Event event = example();
    event.fields = {{"string", "\xE2\x82\xAC$\x0F\nA'B\"\\\\\"/"}};
    EXPECT_NE(text(event).find("\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""), std::string::npos)
        << text(event);
    event.fields = {{"string", std::string{"\x00\x01\b\t\n\f\r\x1F\x7F", 9}}};
    EXPECT_NE(text(event).find("\"\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f\x7F\""), std::string::npos) << text(event);
    EXPECT_EQ(parse(text(event)).value().fields, event.fields);
}

TEST(AuditEvent, ReadsWhatItWrote) {
    for (int kind = 0; kind <= static_cast<int>(EventKind::clock_accepted); ++kind) {
        Event event = example();
        event.kind = static_cast<EventKind>(kind);
        event.epoch = BootEpoch{UINT64_MAX};
        const auto read = parse(text(event));
        ASSERT_TRUE(read) << read.error().describe();
        EXPECT_EQ(read.value().kind, event.kind);
        EXPECT_EQ(read.value().time, event.time);
        EXPECT_EQ(read.value().node, event.node);
        EXPECT_EQ(read.value().epoch, event.epoch);
        EXPECT_EQ(read.value().actor, event.actor);
        EXPECT_EQ(read.value().fields, event.fields);
    }
}

TEST(AuditEvent, NamesEachKindOnce) {
    std::set<std::string_view> names;
    for (int kind = 0; kind <= static_cast<int>(EventKind::clock_accepted); ++kind) {
        const std::string_view name = event_kind_name(static_cast<EventKind>(kind));
        EXPECT_NE(name, "unknown");
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(parse_event_kind(name).value(), static_cast<EventKind>(kind));
    }
    EXPECT_EQ(parse_event_kind("certificate.Intended").error().code(), ErrorCode::malformed);
}

// Behind it times go back, which no reader of version 1 allows: such a reader is told that it cannot judge.
TEST(AuditEvent, ThatAcceptsAClockIsOfVersionTwoAndNoOther) {
    Event event = example();
    event.kind = EventKind::clock_accepted;
    const std::string accepted = text(event);
    EXPECT_TRUE(accepted.ends_with(R"("v":2})")) << accepted;
    EXPECT_TRUE(parse(accepted));
    EXPECT_FALSE(parse(replaced(accepted, "\"v\":2", "\"v\":1")));
    EXPECT_FALSE(parse(replaced(accepted, "clock.accepted", "clock.stopped")));
    event.kind = EventKind::epoch_raised;
    EXPECT_TRUE(text(event).ends_with(R"("v":1})"));
}

TEST(AuditEvent, RefusesEveryOtherFormOfTheSameEvent) {
    const std::string good = text(example());
    ASSERT_TRUE(parse(good));
    for (const auto& [what, by] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"{\"actor\"", "{ \"actor\""},   // white space
             {"\"v\":1}", "\"v\":1} "},       // behind it
             {"\"v\":1", "\"v\":2"},          // another version
             {"\"v\":1", "\"v\":1.0"},        // another number form
             {"\"v\":1", "\"v\":1,\"w\":1"},  // a member more
             {"\"epoch\":\"7\",", ""},        // a member less
             {"\"7\"", "7"},                  // a number for a string
             {"\"7\"", "\"07\""},             // leading zero
             {"\"7\"", "\"-7\""},
             {"\"7\"", "\"18446744073709551616\""},
             {"secret:3f2a", "secret\\u003a3f2a"},  // an escape that is not needed
             {"secret:3f2a", "secret\\/3f2a"},
             {"secret:3f2a", "secret\\u0009"},       // not the short form
             {"secret:3f2a", "secret\t"},            // a raw control character
             {"secret:3f2a", "secret\xFF"},          // no UTF-8
             {"secret:3f2a", "secret\xC0\xAF"},      // overlong
             {"secret:3f2a", "secret\xED\xA0\x80"},  // a surrogate
             {"secret:3f2a", "secret\\"},
             {"certificate.intended", "certificate.intendeD"},
             {"certificate.intended", "certificate_intended"},
             {"0a0b", "0A0b"},  // upper-case digits
             {"0a0b", "0a"},
             {"10:57:29Z", "10:57:29+00:00"},
             {"10:57:29Z", "10:57:60Z"},
             {"\"profile\":\"tls-server\",\"serial\":\"0a\"", "\"serial\":\"0a\",\"profile\":\"tls-server\""},  // order
             {"\"profile\":\"tls-server\"", "\"serial\":\"0a\""},                                               // twice
             {"\"profile\":", "\"Profile\":"},
             {"\"profile\":", "\"\":"},
             {"\"tls-server\"", "null"},
             {"\"tls-server\"", "{}"},
         }) {
        const auto result = parse(replaced(good, what, by));
        ASSERT_FALSE(result) << what << " -> " << by;
        EXPECT_EQ(result.error().code(), ErrorCode::malformed) << what << " -> " << by;
    }
}

TEST(AuditEvent, RefusesEachTruncation) {
    const std::string good = text(example());
    for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse(good.substr(0, size))) << size;
}

TEST(AuditEvent, NeverReadsAnEventThatItWouldWriteOtherwise) {
    const std::string good = text(example());
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string wrong = good;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
        const auto read = parse(wrong);
        EXPECT_TRUE(!read || text(read.value()) == wrong) << wrong;
    }
}

TEST(AuditEvent, ReplacesOctetsThatAreNoUtf8) {
    Event event = example();
    event.actor =
        "a\xFF"
        "b\xC3";
    EXPECT_NE(text(event).find("\"a\xEF\xBF\xBD"
                               "b\xEF\xBF\xBD\""),
              std::string::npos);
    EXPECT_TRUE(parse(text(event)));
}

TEST(AuditEvent, KeepsLongValuesThatFitAndTruncatesTheOthers) {
    Event event = example();
    event.fields["reason"] = std::string(16384, 'x');
    EXPECT_EQ(parse(text(event)).value().fields.at("reason"), event.fields["reason"]);
    event.fields["reason"] += 'x';
    const std::string kept = parse(text(event)).value().fields.at("reason");
    EXPECT_EQ(kept, std::string(16381, 'x') + "\xE2\x80\xA6");
}

TEST(AuditEvent, TruncatesBetweenCharacters) {
    Event event = example();
    std::string value;
    while (value.size() <= 16384) value += "\xF0\x9F\x94\x92";
    event.fields["reason"] = value;
    const auto read = parse(text(event));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_TRUE(read.value().fields.at("reason").ends_with("\x92\xE2\x80\xA6"));
}

TEST(AuditEvent, NeverPassesTheBoundOfALeaf) {
    Event event = example();
    event.actor = std::string(70000, '\x01');  // each octet becomes six
    event.fields.clear();
    for (int i = 0; i < 64; ++i) event.fields["field_" + std::to_string(i)] = std::string(70000, '\x02');
    const Bytes leaf = encode_event(event);
    EXPECT_LE(leaf.size(), kMaxLeafSize);
    const auto read = parse_event(leaf);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read.value().fields.size(), 64U);
    EXPECT_EQ(encode_event(read.value()), leaf);
}

TEST(AuditEvent, RefusesALeafBeyondTheBound) {
    EXPECT_EQ(parse_event(Bytes(kMaxLeafSize + 1, 'x')).error().code(), ErrorCode::too_large);
    EXPECT_EQ(parse_event(Bytes(kMaxLeafSize, 'x')).error().code(), ErrorCode::malformed);
}

TEST(AuditEvent, TreatsAFieldNameThatIsNoneAsABrokenInvariant) {
    for (const std::string_view key : {"", "Serial", "9lives", "with space", "quote\""}) {
        Event event = example();
        event.fields[std::string{key}] = "x";
        EXPECT_THROW(encode_event(event), std::logic_error) << key;
    }
}

}  // namespace
}  // namespace sealwright::audit
