#include "ceremonies/runner/text.hpp"

#include <gtest/gtest.h>

namespace sealwright::ceremonies {
namespace {

TEST(Text, NamesAndFileNamesLeaveNoWayOutOfTheBundle) {
    EXPECT_TRUE(is_name("root-key2"));
    for (const auto* bad : {"", "Root", "-a", "2a", "a_b", "a.b", "a/b", "abcdefghijklmnopqrstuvwxyz-0123456"})
        EXPECT_FALSE(is_name(bad)) << bad;
    EXPECT_TRUE(is_file_name("root.pem"));
    for (const auto* bad : {"", ".", "..", ".hidden", "a/b", "-a", "a b", "a\n"})
        EXPECT_FALSE(is_file_name(bad)) << bad;
    EXPECT_TRUE(is_profile_path("profiles/root.toml"));
    for (const auto* bad : {"root.toml", "profiles/.toml", "profiles/../x.toml", "profiles/a/b.toml",
                            "/profiles/a.toml", "profiles/a.txt"}) {
        EXPECT_FALSE(is_profile_path(bad)) << bad;
    }
}

TEST(Text, KeepsWhatPeopleWriteAndEscapesWhatDrivesTerminals) {
    EXPECT_EQ(clean_text("Zoë Müller"), "Zoë Müller");
    EXPECT_EQ(clean_text("a\x1b]0;x\x07"), "a\\x1b]0;x\\x07");
    EXPECT_EQ(clean_text("a\xc2\x9b"
                         "b"),
              "a\\xc2\\x9bb");                                                   // C1
    EXPECT_EQ(clean_text("\xc0\xaf\xed\xa0\x80"), "\\xc0\\xaf\\xed\\xa0\\x80");  // overlong, surrogate
    EXPECT_EQ(clean_text("a\nb"), "a\\x0ab");
    EXPECT_EQ(clean_text("a\nb", true), "a\nb");
    EXPECT_EQ(html_text("<b a=\"'&\">"), "&lt;b a=&quot;&#39;&amp;&quot;&gt;");
}

TEST(Text, WrapsAtWordsAndKeepsLines) {
    EXPECT_EQ(wrapped("one two three\n\nfour", 9, "  "), "  one two\n  three\n\n  four\n");
    EXPECT_EQ(wrapped("überlang kurz", 8, ""), "überlang\nkurz\n");
}

}  // namespace
}  // namespace sealwright::ceremonies
