#include "ceremonies/verifier/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sealwright::verifier {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Checks many_notes_and(void (Checks::*finding)(std::string_view)) {
    Checks checks;
    checks.begin("order");
    for (int i = 0; i < 200; ++i) checks.note("a step of the clock");
    if (finding != nullptr) (checks.*finding)("the one that counts");
    checks.end("all is as it should be");
    return checks;
}

TEST(Checks, ManyNotesHideNothingThatIsWorse) {
    EXPECT_THAT(many_notes_and(nullptr).human(), HasSubstr("ok         order: all is as it should be"));

    const auto invalid = many_notes_and(&Checks::invalid);
    EXPECT_EQ(invalid.verdict(), Verdict::invalid);
    EXPECT_THAT(invalid.human(), HasSubstr("INVALID    order\n"));
    EXPECT_THAT(invalid.human(), HasSubstr("invalid: the one that counts"));
    EXPECT_THAT(invalid.human(), Not(HasSubstr("all is as it should be")));

    const auto missing = many_notes_and(&Checks::missing);
    EXPECT_THAT(missing.human(), HasSubstr("missing: the one that counts"));
    EXPECT_THAT(missing.human(), Not(HasSubstr("all is as it should be")));
}

}  // namespace
}  // namespace sealwright::verifier
