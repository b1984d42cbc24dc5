#include "ceremonies/format/head_words.hpp"

#include <gtest/gtest.h>

#include "crypto/digest.hpp"

namespace sealwright::ceremonies {
namespace {

Sha256 root_of_counting(std::uint8_t first) {
    std::array<std::uint8_t, 32> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(first + i);
    return Sha256{octets};
}

// all_words reads both lists back through head_words: octet i at an even and at an odd offset.
std::string all_words() {
    std::string even, odd;
    for (unsigned octet = 0; octet < 256; ++octet) {
        std::array<std::uint8_t, 32> octets{};
        octets.fill(static_cast<std::uint8_t>(octet));
        const auto words = head_words(Sha256{octets});
        even += (even.empty() ? "" : "\n") + words[0];
        odd += "\n" + words[1];
    }
    return even + odd;
}

TEST(HeadWords, AreThePublishedList) {
    EXPECT_EQ(crypto::sha256(view_of(all_words())).hex(),
              "e9b7b0052233a74aa56724ed3f79c272036aed68d8f4c0856e833c8043b9ac62");
}

// The example of the list's own description: "E582 94F2 E9A2 2748 6E8B 061B 31CC 528F D7FA 3F19" is a fingerprint
// whose words are published with it.
TEST(HeadWords, SpellThePublishedExample) {
    const auto octets = from_hex("e58294f2e9a227486e8b061b31cc528fd7fa3f19000000000000000000000000").value();
    const auto words = head_words(Sha256::from(octets).value());
    const std::vector<std::string> expected{"topmost",   "Istanbul",  "Pluto",     "vagabond", "treadmill",
                                            "Pacific",   "brackish",  "dictator",  "goldfish", "Medusa",
                                            "afflict",   "bravado",   "chatter",   "revolver", "Dupont",
                                            "midsummer", "stopwatch", "whimsical", "cowbell",  "bottomless"};
    EXPECT_EQ(std::vector<std::string>(words.begin(), words.begin() + 20), expected);
}

TEST(HeadWords, EveryFormThatIsPrintedIsReadBack) {
    const auto root = root_of_counting(0x11);
    for (const auto& text : {head_line(47, root), head_columns(47, root)}) {
        const auto head = parse_head(text);
        ASSERT_TRUE(head) << head.error().describe();
        EXPECT_EQ(head.value().root, root);
        EXPECT_EQ(head.value().size, std::uint64_t{47});
    }
}

TEST(HeadWords, AreReadInEitherCaseAndWithCommas) {
    const auto root = root_of_counting(0x80);
    std::string text;
    for (auto word : head_words(root)) {
        for (char& c : word) c = static_cast<char>(std::toupper(c));
        text += word + ", ";
    }
    const auto head = parse_head(text);
    ASSERT_TRUE(head) << head.error().describe();
    EXPECT_EQ(head.value().root, root);
    EXPECT_FALSE(head.value().size);
}

TEST(HeadWords, NameTheWordThatIsNotInTheList) {
    auto words = head_words(root_of_counting(0));
    words[4] = "adrifft";
    std::string text;
    for (const auto& word : words) text += word + " ";
    const auto head = parse_head(text);
    ASSERT_FALSE(head);
    EXPECT_NE(head.error().public_detail().find("word 5 ('adrifft') is not in the list; the nearest is 'adrift'"),
              std::string::npos)
        << head.error().public_detail();
}

TEST(HeadWords, NoticeTwoWordsThatWereSwapped) {
    auto words = head_words(root_of_counting(0));
    std::swap(words[6], words[7]);
    std::string text;
    for (const auto& word : words) text += word + " ";
    const auto head = parse_head(text);
    ASSERT_FALSE(head);
    EXPECT_NE(head.error().public_detail().find("missing, doubled or swapped"), std::string::npos)
        << head.error().public_detail();
}

TEST(HeadWords, RefuseOneWordTooFewAndOneTooMany) {
    const auto root = root_of_counting(3);
    auto line = head_line(9, root);
    EXPECT_FALSE(parse_head(line + " aardvark"));
    line.resize(line.rfind(' '));
    EXPECT_FALSE(parse_head(line));
    EXPECT_FALSE(parse_head(""));
    EXPECT_FALSE(parse_head("99999999999999999999999 aardvark"));
    EXPECT_FALSE(parse_head(std::string(5000, 'a')));
}

}  // namespace
}  // namespace sealwright::ceremonies
