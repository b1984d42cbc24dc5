#include "cli/json.hpp"

#include <gtest/gtest.h>

namespace sealwright::cli {
namespace {

json::value parsed(std::string_view text) { return parse_json(text).value(); }

TEST(Json, IndentsAndKeepsTheOrderOfMembers) {
    EXPECT_EQ(
        json_text(parsed(R"({"b":1,"a":[true,null,{}],"c":{"d":"e\"f"}})")),
        "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    null,\n    {}\n  ],\n  \"c\": {\n    \"d\": \"e\\\"f\"\n  }\n}\n");
    EXPECT_EQ(json_line(parsed(R"({ "a": 1 })")), "{\"a\":1}\n");
}

TEST(Json, RefusesWhatIsNotOneValue) {
    for (const char* text : {"", "{", "{} {}", "{'a':1}", "[1,]", "\"\xff\""}) EXPECT_FALSE(parse_json(text)) << text;
}

TEST(Json, RefusesDepthThatNoAnswerHas) {
    EXPECT_TRUE(parse_json(std::string(15, '[') + std::string(15, ']')));
    EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(Fields, ReadsEachTypeAndLeavesOptionalOnesOut) {
    const auto value =
        parsed(R"({"t":"x","n":7,"b":true,"at":"2026-11-22T10:57:29Z","l":["p","q"],"o":{"k":1},"null":null})");
    Fields fields{value, "the thing"};
    EXPECT_EQ(fields.text("t"), "x");
    EXPECT_EQ(fields.number("n"), 7U);
    EXPECT_TRUE(fields.flag("b"));
    EXPECT_EQ(to_rfc3339(fields.time("at")), "2026-11-22T10:57:29Z");
    EXPECT_EQ(fields.texts_if("l"), (std::vector<std::string>{"p", "q"}));
    EXPECT_NE(fields.object_if("o"), nullptr);
    EXPECT_EQ(fields.object_if("null"), nullptr);
    EXPECT_EQ(fields.text_or("absent", "-"), "-");
    EXPECT_EQ(fields.text_or("null", "-"), "-");
    EXPECT_FALSE(fields.number_if("absent"));
    EXPECT_FALSE(fields.time_if("null"));
    EXPECT_TRUE(fields.check());
}

TEST(Fields, NamesTheFirstMemberThatIsMissingOrOfAnotherType) {
    const auto value = parsed(R"({"t":1,"n":-1,"at":"yesterday","l":[1]})");
    const auto complaint = [&](auto read) {
        Fields fields{value, "the thing"};
        read(fields);
        const auto checked = fields.check();
        return checked ? std::string{"none"} : checked.error().public_detail();
    };
    EXPECT_EQ(complaint([](Fields& f) { f.text("absent"), f.text("t"); }), "the thing lacks 'absent' (text)");
    EXPECT_EQ(complaint([](Fields& f) { f.text("t"); }), "the thing lacks 't' (text)");
    EXPECT_EQ(complaint([](Fields& f) { f.number("n"); }), "the thing lacks 'n' (a number that is not negative)");
    EXPECT_EQ(complaint([](Fields& f) { f.time("at"); }), "the thing lacks 'at' (an RFC 3339 time)");
    EXPECT_EQ(complaint([](Fields& f) { f.texts_if("l"); }), "the thing lacks 'l' (a list of texts)");
    EXPECT_EQ(complaint([](Fields& f) { f.flag("t"); }), "the thing lacks 't' (true or false)");
    EXPECT_EQ(complaint([](Fields& f) { f.object("t"); }), "the thing lacks 't' (an object)");
}

TEST(Fields, RefusesWhatIsNoObject) {
    const auto value = parsed("[1]");
    Fields fields{value, "the thing"};
    EXPECT_EQ(fields.text("t"), "");
    EXPECT_EQ(fields.check().error().public_detail(), "the thing is not a JSON object");
}

}  // namespace
}  // namespace sealwright::cli
