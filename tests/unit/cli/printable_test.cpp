#include "cli/printable.hpp"

#include <gtest/gtest.h>

namespace sealwright::cli {
namespace {

TEST(Printable, KeepsTextOfAnyScript) {
    for (const std::string text : {"www.example.org", "Bücher GmbH", "例え", "Ελληνικά", "🔑"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesWhatMovesTheCursorOrForgesALine) {
    EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
    EXPECT_EQ(printable("a\nb\r\tc\x7f"), "a\\x0ab\\x0d\\x09c\\x7f");
    EXPECT_EQ(printable(std::string_view{"a\0b", 3}), "a\\x00b");
}

TEST(Printable, EscapesC1ControlsInWhichATerminalFindsEscapeSequences) {
    EXPECT_EQ(printable("a\xc2\x9b"
                        "2J"),
              "a\\xc2\\x9b2J");
    EXPECT_EQ(printable("a\xc2\xa1"), "a\xc2\xa1");  // the first character after them is plain
}

TEST(Printable, EscapesCharactersThatTurnTheLineAroundOrCannotBeSeen) {
    EXPECT_EQ(printable("gpj.\u202egro"), "gpj.\\xe2\\x80\\xaegro");
    EXPECT_EQ(printable("pay\u200bpal"), "pay\\xe2\\x80\\x8bpal");
    EXPECT_EQ(printable("a\u2066b\ufeff"), "a\\xe2\\x81\\xa6b\\xef\\xbb\\xbf");
}

TEST(Printable, EscapesWhatIsNotUtf8) {
    EXPECT_EQ(printable("\xff"), "\\xff");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // '/' in two octets
    EXPECT_EQ(printable("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf");           // three octets for what two hold
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
    EXPECT_EQ(printable("abc\xe4"), "abc\\xe4");                       // cut off
}

TEST(Printable, CountsColumnsNotOctets) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("Bücher"), 6U);
    EXPECT_EQ(display_width("例え"), 4U);
    EXPECT_EQ(display_width("u\u0308"), 1U);
}

TEST(Printable, ShortensByColumnsAndSaysSo) {
    EXPECT_EQ(shorten("Bücher GmbH", 11), "Bücher GmbH");
    EXPECT_EQ(shorten("Bücher GmbH", 10), "Bücher Gm…");
    EXPECT_EQ(display_width(shorten("例え例え", 5)), 5U);
    EXPECT_LE(display_width(shorten("例え例え", 4)), 4U);
}

}  // namespace
}  // namespace sealwright::cli
