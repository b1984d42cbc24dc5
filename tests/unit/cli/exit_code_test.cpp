#include "cli/exit_code.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"

namespace sealwright::cli {
namespace {

constexpr std::uint16_t kLastCode = static_cast<std::uint16_t>(ErrorCode::internal);

TEST(ExitCode, TellsTemporaryAbsentAndUnknownApartFromRefused) {
    EXPECT_EQ(exit_code_of(ErrorCode::denied), ExitCode::failed);
    EXPECT_EQ(exit_code_of(ErrorCode::unavailable), ExitCode::unavailable);
    EXPECT_EQ(exit_code_of(ErrorCode::overloaded), ExitCode::unavailable);
    EXPECT_EQ(exit_code_of(ErrorCode::not_found), ExitCode::not_found);
    EXPECT_EQ(exit_code_of(ErrorCode::indeterminate), ExitCode::unknown_outcome);
    EXPECT_EQ(exit_code_of(ErrorCode::timed_out), ExitCode::unknown_outcome);
}

TEST(ExitCode, NeverCallsAFailureDone) {
    for (std::uint16_t code = 1; code <= kLastCode; ++code)
        EXPECT_NE(exit_code_of(static_cast<ErrorCode>(code)), ExitCode::done) << code;
}

// docs/errors.md has one row a code: | `denied` | 5 | ... | 1 |
TEST(ExitCode, IsWhatTheDocumentSays) {
    const std::string document = read_text_file("docs/errors.md", 1U << 20U).value();
    for (std::uint16_t number = 1; number <= kLastCode; ++number) {
        const auto code = static_cast<ErrorCode>(number);
        const std::string row_start =
            "| `" + std::string{error_code_name(code)} + "` | " + std::to_string(number) + " | ";
        const auto at = document.find(row_start);
        ASSERT_NE(at, std::string::npos) << row_start;
        const std::string row = document.substr(at, document.find('\n', at) - at);
        EXPECT_TRUE(row.ends_with(" | " + std::to_string(static_cast<int>(exit_code_of(code))) + " |")) << row;
    }
}

TEST(ExitCode, AdviceIsASecondLine) {
    const Error error = with_advice(fail(ErrorCode::denied, "no", "why"), "do that");
    EXPECT_EQ(error.public_detail(), "no\ndo that");
    EXPECT_EQ(error.private_detail(), "why");
    EXPECT_EQ(error.code(), ErrorCode::denied);
}

}  // namespace
}  // namespace sealwright::cli
