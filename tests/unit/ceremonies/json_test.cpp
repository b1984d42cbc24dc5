#include "ceremonies/runner/json.hpp"

#include <gtest/gtest.h>

namespace sealwright::ceremonies {
namespace {

TEST(CanonicalJson, SortsKeysAndLeavesNoSpace) {
    const Json value{JsonObject{
        {"b", std::uint64_t{18446744073709551615U}}, {"a", JsonArray{true, Json{}, "x"}}, {"aa", JsonObject{}}}};
    EXPECT_EQ(value.canonical(), R"({"a":[true,null,"x"],"aa":{},"b":18446744073709551615})");
}

TEST(CanonicalJson, EscapesWhatRfc8785Escapes) { EXPECT_EQ(Json{"a\"b\\c\nd/é"}.canonical(), "\"a\\\"b\\\\c\\nd/é\""); }

TEST(CanonicalJson, MakesControlCharactersAndBrokenUtf8Visible) {
    EXPECT_EQ(Json{std::string{"a\x01"
                               "b\xff"
                               "c\x1b[2J"}}
                  .canonical(),
              R"("a\\x01b\\xffc\\x1b[2J")");
}

}  // namespace
}  // namespace sealwright::ceremonies
