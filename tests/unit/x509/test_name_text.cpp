#include <gtest/gtest.h>

#include "asn1/oid.hpp"
#include "x509/name.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;

std::string there_and_back(std::string_view text) { return format_name(parse_name_text(text).value()); }

TEST(NameText, TheLastRdnStandsFirst) {
    const Name name = parse_name_text("CN=Example,O=Org,C=DE").value();
    ASSERT_EQ(name.rdns.size(), 3U);
    EXPECT_EQ(name.rdns[0][0].value, "DE");
    EXPECT_EQ(name.rdns[2][0].value, "Example");
    EXPECT_EQ(format_name(name), "CN=Example,O=Org,C=DE");
}

TEST(NameText, SpacesBehindAComma) {
    EXPECT_EQ(there_and_back("CN=Example, O=An Org, C=DE"), "CN=Example,O=An Org,C=DE");
}

TEST(NameText, ShortNamesGoThereAndBackInAnyCase) {
    for (const auto* name : {"C",
                             "ST",
                             "L",
                             "O",
                             "OU",
                             "CN",
                             "DC",
                             "UID",
                             "serialNumber",
                             "SN",
                             "GN",
                             "title",
                             "street",
                             "postalCode",
                             "organizationIdentifier",
                             "emailAddress",
                             "initials",
                             "generationQualifier",
                             "dnQualifier",
                             "pseudonym"}) {
        EXPECT_EQ(attribute_short_name(parse_attribute_name(name).value()), name);
    }
    EXPECT_EQ(parse_attribute_name("cn").value(), parse_attribute_name("CN").value());
    EXPECT_EQ(parse_attribute_name("2.5.4.3").value(), bytes_of(oid::kCommonName));
    EXPECT_EQ(attribute_short_name(parse_attribute_name("1.2.3.4").value()), "1.2.3.4");
    for (const auto* name : {"", "X", "C N", "CN ", "2.5.4.", "oid.2.5.4.3"})
        EXPECT_FALSE(parse_attribute_name(name)) << name;
}

// RFC 4514 section 4.
TEST(NameText, MeetsTheExamplesOfRfc4514) {
    EXPECT_EQ(there_and_back("UID=jsmith,DC=example,DC=net"), "UID=jsmith,DC=example,DC=net");
    EXPECT_EQ(parse_name_text("OU=Sales+CN=J.  Smith,DC=example,DC=net").value().rdns[2].size(), 2U);
    EXPECT_EQ(parse_name_text("CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net").value().rdns[2][0].value,
              "James \"Jim\" Smith, III");
    EXPECT_EQ(parse_name_text("CN=Before\\0dAfter,DC=example,DC=net").value().rdns[2][0].value, "Before\rAfter");
    EXPECT_EQ(parse_name_text("CN=Lu\\C4\\8Di\\C4\\87").value().rdns[0][0].value, "Lu\xc4\x8di\xc4\x87");
}

TEST(NameText, EscapesWhatMustBe) {
    for (const auto* value : {" leading", "trailing ", "#hash", "a,b", "a+b", "a\"b", "a\\b", "a;b", "a<b>", " ", "  ",
                              "=equals=", "mid # dle"}) {
        const Name name{{{Attribute{bytes_of(oid::kCommonName), value, 0}}}};
        EXPECT_EQ(parse_name_text(format_name(name)).value(), name) << format_name(name);
    }
    EXPECT_EQ(there_and_back("CN=\\ x\\ "), "CN=\\ x\\ ");
}

TEST(NameText, ShowsNothingThatAnEyeCannotSee) {
    const auto shown = [](std::string value) {
        return format_name(Name{{{Attribute{bytes_of(oid::kCommonName), std::move(value), 0}}}});
    };
    EXPECT_EQ(shown("a\nb"), "CN=a\\0ab");
    EXPECT_EQ(shown("\x1b[2J"), "CN=\\1b[2J");
    EXPECT_EQ(shown("a\x7f"), "CN=a\\7f");
    EXPECT_EQ(shown("\xc2\x85"), "CN=\\c2\\85");
    EXPECT_EQ(shown("\xe2\x80\xae"
                    "gpj"),
              "CN=\\e2\\80\\aegpj")
        << "U+202E turns text around";
    EXPECT_EQ(shown("\xe2\x80\x8b"), "CN=\\e2\\80\\8b") << "zero width space";
    EXPECT_EQ(shown("\xef\xbb\xbf"), "CN=\\ef\\bb\\bf");
    EXPECT_EQ(shown("M\xc3\xbcller \xe2\x82\xac"), "CN=M\xc3\xbcller \xe2\x82\xac") << "visible characters stay";
}

TEST(NameText, UnknownTypesAreShownAsHexAndReadBack) {
    const Name name{{{Attribute{parse_attribute_name("1.2.3.4").value(), "x", 0x0C}}}};
    EXPECT_EQ(format_name(name), "1.2.3.4=#0c0178");
    EXPECT_EQ(parse_name_text("1.2.3.4=#0c0178").value(), name);
    EXPECT_EQ(parse_name_text("1.2.3.4=x").value().rdns[0][0].value, "x");
    for (const auto* text :
         {"1.2.3.4=#", "1.2.3.4=#0c01", "1.2.3.4=#0c017800", "1.2.3.4=#zz", "1.2.3.4=#040178", "1.2.3.4=#0c00"})
        EXPECT_FALSE(parse_name_text(text)) << text;
}

TEST(NameText, RefusesBrokenText) {
    for (const auto* text :
         {"CN",          "CN=",       "=x",     "CN=x,",   "CN=x,,O=y", ",CN=x",     "CN=x+",   "CN= x",
          "CN=x ",       "CN =x",     "CN=a;b", "CN=a<b",  "CN=a\"b",   "CN=a\\",    "CN=a\\4", "CN=a\\zz",
          "CN=\\c0\\80", "CN=a\\00b", "XX=y",   "CN=x,CN", "C=DEU",     "CN=a+CN=b", " "}) {
        EXPECT_FALSE(parse_name_text(text)) << text;
    }
    EXPECT_FALSE(parse_name_text(std::string_view{"CN=a\0b", 6}));
    EXPECT_FALSE(parse_name_text("CN=" + std::string(9000, 'x')));
    std::string many = "CN=x";
    for (int i = 0; i < 32; ++i) many += ",CN=x";
    EXPECT_FALSE(parse_name_text(many));
}

}  // namespace
}  // namespace sealwright::x509
