#include <gtest/gtest.h>

#include <set>

#include "base/result.hpp"

namespace sealwright {
namespace {

TEST(Error, EveryCodeHasAStableNameOfItsOwn) {
    std::set<std::string_view> names;
    for (std::uint16_t value = 1; value <= static_cast<std::uint16_t>(ErrorCode::internal); ++value) {
        const auto code = static_cast<ErrorCode>(value);
        names.insert(error_code_name(code));
        EXPECT_EQ(parse_error_code(error_code_name(code)), code);
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::internal));
    EXPECT_EQ(error_code_name(ErrorCode::weak_key), "weak_key");
    EXPECT_EQ(parse_error_code("no such code"), ErrorCode::internal);
}

TEST(Error, KeepsWhatIsPrivateOutOfThePublicDetail) {
    const Error error = fail(ErrorCode::storage, "the request cannot be stored", "disk I/O error in /var/lib");
    EXPECT_EQ(error.public_detail(), "the request cannot be stored");
    EXPECT_EQ(error.describe(), "storage: the request cannot be stored [disk I/O error in /var/lib]");
    const Error located = error.in("issuance");
    EXPECT_EQ(located.public_detail(), "issuance: the request cannot be stored");
    EXPECT_EQ(located.private_detail(), "disk I/O error in /var/lib");
    EXPECT_EQ(located.code(), ErrorCode::storage);
    EXPECT_EQ(fail(ErrorCode::malformed).in("csr").public_detail(), "csr");
}

Result<int> half(int number) {
    if (number % 2 != 0) return fail(ErrorCode::malformed, "odd");
    return number / 2;
}

Result<int> quarter(int number) {
    SEALWRIGHT_TRY(const int first, half(number));
    return half(first);
}

TEST(Result, TryPassesAFailureUp) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(6).error().public_detail(), "odd");
    EXPECT_EQ(quarter(5).error().code(), ErrorCode::malformed);
}

TEST(Result, ReadingTheValueOfAFailureEndsTheProgram) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH((void)half(1).value(), "");
}

}  // namespace
}  // namespace sealwright
