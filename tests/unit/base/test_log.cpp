#include <gtest/gtest.h>

#include "base/log.hpp"

namespace sealwright {
namespace {

TEST(Log, EscapesWhatCouldForgeALineOrDriveATerminal) {
    EXPECT_EQ(escape_control("plain text ~!"), "plain text ~!");
    EXPECT_EQ(escape_control("two\nlines\r"), "two\\x0alines\\x0d");
    EXPECT_EQ(escape_control("\x1b[2J"), "\\x1b[2J");
    EXPECT_EQ(escape_control(std::string_view{"a\0b", 3}), "a\\x00b");
    EXPECT_EQ(escape_control("\x7f\x80\xff"), "\\x7f\\x80\\xff");
    EXPECT_EQ(escape_control("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // U+202E turns text around
}

TEST(Log, WritesOneEscapedLine) {
    StderrLog log{LogLevel::info};
    testing::internal::CaptureStderr();
    log.debug("x509", "not shown");
    log.warning("x509", "a\nb");
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_TRUE(text.ends_with(" warning x509: a\\x0ab\n")) << text;
}

}  // namespace
}  // namespace sealwright
