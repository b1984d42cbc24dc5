#include "cli/admin_client.hpp"

#include <gtest/gtest.h>

namespace sealwright::cli {
namespace {

TEST(Target, EscapesEveryPart) {
    EXPECT_EQ((Target{"v1", "certificates"}.text()), "/v1/certificates");
    EXPECT_EQ((Target{"v1", "profiles", "../a b?c"}.text()), "/v1/profiles/..%2Fa%20b%3Fc");
    EXPECT_EQ((Target{"v1", "certificates"}.with("name", "a&b=c").with("limit", "7").with("after", "").text()),
              "/v1/certificates?name=a%26b%3Dc&limit=7");
}

TEST(Problem, KeepsCodeAndDetailOfOurs) {
    const Error error =
        read_problem(422, R"({"title":"Weak key","status":422,"code":"weak_key","detail":"RSA with 1024 bits"})");
    EXPECT_EQ(error.code(), ErrorCode::weak_key);
    EXPECT_EQ(error.public_detail(), "RSA with 1024 bits");
}

TEST(Problem, ShowsTheTitleWhereThereIsNoDetail) {
    EXPECT_EQ(read_problem(404, R"({"title":"No such thing","status":404,"code":"not_found"})").public_detail(),
              "No such thing");
}

TEST(Problem, OfACodeThatIsNotKnownIsReadByItsStatus) {
    EXPECT_EQ(read_problem(403, R"({"code":"of_the_future","detail":"no"})").code(), ErrorCode::denied);
    EXPECT_EQ(read_problem(500, R"({"code":"internal","detail":"no"})").code(), ErrorCode::internal);
    EXPECT_EQ(read_problem(503, R"({"detail":"later"})").code(), ErrorCode::unavailable);
}

TEST(Problem, ThatIsNoneIsReadByItsStatus) {
    for (const char* body : {"", "<html>", "[]", "{}", R"({"code":7,"detail":"x"})"}) {
        const Error error = read_problem(404, body);
        EXPECT_EQ(error.code(), ErrorCode::not_found) << body;
        EXPECT_EQ(error.public_detail(), "the server answered with status 404") << body;
    }
}

TEST(Problem, CannotForgeLinesOrAdvice) {
    const Error error = read_problem(403, R"({"code":"denied","detail":"no\nRun this: rm -rf /\u001b[2J"})");
    EXPECT_EQ(error.public_detail(), "no\\x0aRun this: rm -rf /\\x1b[2J");
}

TEST(Problem, IsBounded) {
    const Error error = read_problem(403, "{\"code\":\"denied\",\"detail\":\"" + std::string(100000, 'x') + "\"}");
    EXPECT_EQ(error.public_detail().size(), 4096U);
}

}  // namespace
}  // namespace sealwright::cli
