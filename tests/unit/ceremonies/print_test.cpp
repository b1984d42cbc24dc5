#include "crypto/digest.hpp"
#include "files.hpp"

namespace sealwright::ceremonies {
namespace {

using test::Files;

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (std::size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, begin)) {
        parts.push_back(text.substr(begin, at - begin));
        begin = at + separator.size();
    }
    parts.push_back(text.substr(begin));
    return parts;
}

std::string digest_of(const std::filesystem::path& path) { return crypto::sha256(view_of(test::read(path))).hex(); }

TEST(Print, EveryPageCarriesBothDigestsItsNumberAndTheMode) {
    const Files files;
    const auto printed = print(files.named());
    ASSERT_TRUE(printed) << printed.error().describe();
    auto html_pages = split(printed.value().html, "</section>");
    html_pages.pop_back();
    const std::vector<std::string> text_pages = split(printed.value().text, "\f");
    EXPECT_EQ(html_pages.size(), text_pages.size());
    for (const std::vector<std::string>* pages :
         std::initializer_list<const std::vector<std::string>*>{&html_pages, &text_pages}) {
        for (std::size_t i = 0; i < pages->size(); ++i) {
            const auto& page = (*pages)[i];
            EXPECT_NE(page.find(digest_of(files.named().script)), std::string::npos);
            EXPECT_NE(page.find(digest_of(files.named().bindings)), std::string::npos);
            EXPECT_NE(page.find("page " + std::to_string(i + 1) + " of " + std::to_string(pages->size())),
                      std::string::npos);
            EXPECT_TRUE(page.find("REHEARSAL") != std::string::npos ||
                        page.find("R E H E A R S A L") != std::string::npos);
        }
    }
}

TEST(Print, ProductionIsNotStampedAsRehearsal) {
    const Files files;
    files.replace("bindings-softhsm.toml", "mode = \"rehearsal\"", "mode = \"production\"");
    const auto printed = print(files.named());
    ASSERT_TRUE(printed);
    EXPECT_EQ(printed.value().html.find("REHEARSAL"), std::string::npos);
    EXPECT_EQ(printed.value().text.find("R E H E A R S A L"), std::string::npos);
}

TEST(Print, HasEveryStepAndWhatItsPeopleConfirm) {
    const Files files;
    const auto printed = print(files.named());
    ASSERT_TRUE(printed);
    for (int i = 1; i <= 19; ++i)
        EXPECT_NE(printed.value().html.find("<div class=\"number\">" + std::to_string(i) + "</div>"), std::string::npos)
            << i;
    EXPECT_NE(printed.value().html.find("The ceremony machine has no network"), std::string::npos);
    EXPECT_NE(printed.value().text.find("(8)  ________________"), std::string::npos);
}

TEST(Print, ANameInTheBindingsCannotWriteMarkup) {
    const Files files;
    files.replace("bindings-softhsm.toml", "First Person", "<script>alert(1)</script>");
    const auto printed = print(files.named());
    ASSERT_TRUE(printed);
    EXPECT_EQ(printed.value().html.find("<script>"), std::string::npos);
    EXPECT_NE(printed.value().html.find("&lt;script&gt;"), std::string::npos);
}

TEST(Print, RefusesAScriptWithProblems) {
    const Files files;
    files.replace("two-tier.toml", "number = 1", "number = 0");
    const auto printed = print(files.named());
    ASSERT_FALSE(printed);
    EXPECT_EQ(printed.error().code(), ErrorCode::config);
    EXPECT_NE(printed.error().private_detail().find("number: must be"), std::string::npos);
}

}  // namespace
}  // namespace sealwright::ceremonies
