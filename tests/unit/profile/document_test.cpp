// docs/profiles.md shows every key; what it shows must be a profile.
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "unit/profile/fixture.hpp"

namespace sealwright::profile::testing {
namespace {

// toml_blocks gives the TOML examples of the document, in their order.
std::vector<std::string> toml_blocks() {
    const auto text = read_text_file("docs/profiles.md", 1000000);
    if (!text) return {};
    const std::string& document = text.value();
    std::vector<std::string> out;
    constexpr std::string_view kOpen = "```toml\n", kClose = "\n```";
    for (std::size_t begin = document.find(kOpen); begin != std::string::npos; begin = document.find(kOpen, begin)) {
        begin += kOpen.size();
        out.push_back(document.substr(begin, document.find(kClose, begin) - begin));
    }
    return out;
}

TEST(ProfileDocument, ShowsAnEndEntityProfileThatIsOne) {
    const auto blocks = toml_blocks();
    ASSERT_EQ(blocks.size(), 2U);
    const auto profile = Profile::parse(blocks[0], "docs/profiles.md", site_placeholders());
    ASSERT_TRUE(profile) << profile.error().public_detail();
    Request request{profile.value()};
    request.attested = attestation::Level::ek_certificate;
    request.requested.subject = name("CN=www.example.org");
    request.requested.san = {x509::DnsName{"www.example.org"}};
    const auto fields = request.build();
    ASSERT_TRUE(fields) << fields.error().public_detail();
    EXPECT_EQ(codes(lint_certificate(x509::build_tbs_certificate(fields.value()).view(), &issuing_ca())), "");
}

TEST(ProfileDocument, ShowsConstraintsThatACaProfileCanHave) {
    const auto blocks = toml_blocks();
    ASSERT_EQ(blocks.size(), 2U);
    const auto ca = replaced(installed_text("issuing-ca"), "[basic_constraints]\npath_length = 0\n", "");
    const auto profile = Profile::parse(ca + "\n" + blocks[1], "docs/profiles.md", site_placeholders());
    ASSERT_TRUE(profile) << profile.error().public_detail();
    EXPECT_EQ(profile.value().path_length, 0U);
    EXPECT_EQ(profile.value().name_constraints->permitted.size(), 5U);
}

// Every key that the parser knows is in the example: it asks for them all when the example is read, and reports those
// that are left.
TEST(ProfileDocument, NamesTheKeysThatTheCodeAsksFor) {
    const auto source = read_text_file("src/profile/profile_parse.cpp", 1000000);
    const auto blocks = toml_blocks();
    ASSERT_TRUE(source);
    ASSERT_EQ(blocks.size(), 2U);
    const std::string shown = blocks[0] + blocks[1];
    std::size_t keys = 0;
    for (const std::string_view call :
         {"text(\"", "texts(\"", "number(\"", "boolean(\"", "duration(\"", "section(\"", "sections(\""}) {
        for (std::size_t at = source.value().find(call); at != std::string::npos; at = source.value().find(call, at)) {
            at += call.size();
            const std::string key = source.value().substr(at, source.value().find('"', at) - at);
            EXPECT_NE(shown.find(key), std::string::npos) << key << " is not in docs/profiles.md";
            ++keys;
        }
    }
    EXPECT_GT(keys, 30U);
}

}  // namespace
}  // namespace sealwright::profile::testing
