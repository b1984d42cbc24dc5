#include <gtest/gtest.h>

#include "ceremonies/runner/json.hpp"
#include "ceremonies/verifier/json.hpp"

namespace sealwright::verifier {
namespace {

TEST(VerifierJson, ReadsWhatTheRunnerWrites) {
    const ceremonies::Json written{
        ceremonies::JsonObject{{"text", "a\"b\\c\n\xc3\xa9\x01"},
                               {"n", std::uint64_t{9007199254740992U}},
                               {"list", ceremonies::JsonArray{true, false, ceremonies::Json{}}},
                               {"o", ceremonies::JsonObject{}}}};
    const auto read = parse_canonical_json(written.canonical());
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read.value().text("text"), "a\"b\\c\n\xc3\xa9\\x01");
    EXPECT_EQ(read.value().number("n"), 9007199254740992U);
}

TEST(VerifierJson, RefusesWhatIsNotCanonical) {
    EXPECT_TRUE(parse_canonical_json(R"({"a":1,"b":2})"));
    for (const auto* text : {R"({"b":2,"a":1})", R"({"a": 1,"b":2})", R"({"a":1,"b":2} )", R"({"a":"\u0041"})",
                             R"({"a":"\/"})", R"({"a":"\u00E9"})"}) {
        EXPECT_TRUE(parse_json(text)) << text;
        EXPECT_FALSE(parse_canonical_json(text)) << text;
    }
}

TEST(VerifierJson, RefusesWhatIsNotJson) {
    for (const auto* text : {"",
                             "{",
                             "}",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{\"a\":1,}",
                             "[1,]",
                             "[1 2]",
                             "01",
                             "-1",
                             "1.5",
                             "1e3",
                             "9007199254740993000",
                             "\"a",
                             "\"\\x\"",
                             "\"\\ud800\"",
                             "\"\\udc00\"",
                             "\"\\ud800\\u0041\"",
                             "nul",
                             "tru",
                             "{\"a\":1,\"a\":1}",
                             "{a:1}",
                             "'a'",
                             "1 1",
                             "\"\x01\"",
                             "\"\xc0\xaf\"",
                             "\"\xed\xa0\x80\"",
                             "\"\xf5\x80\x80\x80\"",
                             "\xef\xbb\xbf{}"}) {
        EXPECT_FALSE(parse_json(text)) << text;
    }
    EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
    EXPECT_FALSE(parse_json("\"" + std::string(100, 'a') + "\"", 50));
}

TEST(VerifierJson, ReadsEscapesOfEveryPlane) {
    const auto read = parse_json(R"({"a":"\u00e9\u20ac\ud83d\ude00\b\f\r\t"})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read.value().text("a"), "é€😀\b\f\r\t");
    EXPECT_EQ(read.value().canonical(), "{\"a\":\"é€😀\\b\\f\\r\\t\"}");
}

}  // namespace
}  // namespace sealwright::verifier
