#include "profile/name_syntax.hpp"

#include <gtest/gtest.h>

#include "profile/profile.hpp"

namespace sealwright::profile {
namespace {

const std::string k63(63, 'a'), k64(64, 'a');

TEST(DnsName, MayBeAnyHostNameOfLdhLabels) {
    for (const std::string good : {"example.org", "a", "localhost", "xn--bcher-kva.example", "0.example",
                                   "a-b.c-d.example.org", "EXAMPLE.org", "1.2.3.four"}) {
        EXPECT_EQ(dns_name_problem(good, false), "") << good;
    }
    EXPECT_EQ(dns_name_problem(k63 + ".example", false), "");
}

TEST(DnsName, IsRefusedWithItsReason) {
    EXPECT_EQ(dns_name_problem("", false), "is empty");
    EXPECT_EQ(dns_name_problem("example.org.", false), "ends with a dot");
    EXPECT_EQ(dns_name_problem("a..b", false), "has an empty label");
    EXPECT_EQ(dns_name_problem(".b", false), "has an empty label");
    EXPECT_EQ(dns_name_problem(k64 + ".example", false), "has a label longer than 63 octets");
    EXPECT_EQ(dns_name_problem("a_b.example", false), "has an underscore");
    EXPECT_EQ(dns_name_problem("-a.example", false), "has a label that begins or ends with a hyphen");
    EXPECT_EQ(dns_name_problem("a-.example", false), "has a label that begins or ends with a hyphen");
    EXPECT_EQ(dns_name_problem("a b.example", false), "has a character that is not a letter, digit or hyphen");
    EXPECT_EQ(dns_name_problem(std::string_view{"a\0b", 3}, false),
              "has a character that is not a letter, digit or hyphen");
    EXPECT_EQ(dns_name_problem("b\xC3\xBC.example", false), "has a character that is not a letter, digit or hyphen");
    EXPECT_EQ(dns_name_problem("192.0.2.1", false), "ends with a label of digits alone");
    EXPECT_EQ(dns_name_problem("1", false), "ends with a label of digits alone");
    EXPECT_NE(dns_name_problem("ab--c.example", false), "");
    EXPECT_NE(dns_name_problem("xn--.example", false), "");
}

TEST(DnsName, HasAtMost253Octets) {
    std::string name = k63 + "." + k63 + "." + k63 + ".";
    EXPECT_EQ(dns_name_problem(name + std::string(61, 'a'), false), "");
    EXPECT_EQ(dns_name_problem(name + std::string(62, 'a'), false), "is longer than 253 octets");
}

TEST(DnsName, MayHaveAWildcardOnlyAsItsWholeLeftmostLabel) {
    EXPECT_EQ(dns_name_problem("*.example.org", true), "");
    for (const std::string bad :
         {"*", "*.org", "a*.example.org", "*a.example.org", "a.*.example.org", "*.*.example.org", "**.example.org"}) {
        EXPECT_NE(dns_name_problem(bad, true), "") << bad;
    }
    EXPECT_EQ(dns_name_problem("*.example.org", false), "has a wildcard that is not allowed there");
}

TEST(Mailbox, IsALocalPartAndADomain) {
    for (const std::string good : {"a@example.org", "first.last+tag@sub.example.org", "o'brien@example.org"})
        EXPECT_EQ(mailbox_problem(good), "") << good;
    for (const std::string bad :
         {"", "a", "@example.org", "a@", "a@b@", ".a@example.org", "a.@example.org", "a..b@example.org",
          "a b@example.org", "<a@example.org>", "\"a\"@example.org", "a@exa_mple.org", "a@[192.0.2.1]"}) {
        EXPECT_NE(mailbox_problem(bad), "") << bad;
    }
    EXPECT_EQ(mailbox_problem(k64 + "@example.org"), "");
    EXPECT_NE(mailbox_problem(k64 + "a@example.org"), "");
}

TEST(Uri, IsAbsoluteAndHasAHost) {
    for (const std::string good :
         {"http://example.org/", "https://192.0.2.1:8443/x?y#z", "http://[2001:db8::1]/",
          "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "spiffe://example.org/workload", "tag:example.org,2026:x"}) {
        EXPECT_EQ(uri_problem(good), "") << good;
    }
    for (const std::string bad :
         {"", "/x", "example.org", "//example.org/", "http:", "http://", "http:///x", "http://a_b/",
          "http://example.org/ x", "http://example.org/%4", "http://ex\xC3\xBC.org/", "1http://example.org/"}) {
        EXPECT_NE(uri_problem(bad), "") << bad;
    }
    EXPECT_EQ(uri_problem("http://example.org/" + std::string(2029, 'a')), "");
    EXPECT_NE(uri_problem("http://example.org/" + std::string(2030, 'a')), "");
}

TEST(Uri, OfAPointerIsHttpOrLdapWithEntryAndAttribute) {
    EXPECT_EQ(http_uri_problem("HTTP://example.org/x"), "");
    EXPECT_NE(http_uri_problem("ftp://example.org/x"), "");
    EXPECT_NE(http_uri_problem("http:x"), "");
    EXPECT_EQ(pointer_uri_problem("ldap:///cn=CA,dc=example,dc=com?authorityRevocationList;binary"), "");
    EXPECT_EQ(pointer_uri_problem(
                  "ldap://ldap.example.com/cn=example%20CA,dc=example,dc=com?certificateRevocationList;binary"),
              "");
    EXPECT_NE(pointer_uri_problem("ldap://ldap.example.com/cn=CA"), "");
    EXPECT_NE(pointer_uri_problem("ldap://ldap.example.com/?cACertificate"), "");
    EXPECT_NE(pointer_uri_problem("http:///x"), "");
}

TEST(IpPrefix, HoldsItsOwnAddresses) {
    const auto block = parse_ip_prefix("192.0.2.128/25").value();
    EXPECT_TRUE(block.contains(Bytes{192, 0, 2, 128}));
    EXPECT_TRUE(block.contains(Bytes{192, 0, 2, 255}));
    EXPECT_FALSE(block.contains(Bytes{192, 0, 2, 127}));
    EXPECT_FALSE(block.contains(Bytes(16, 0)));
    EXPECT_TRUE(parse_ip_prefix("0.0.0.0/0").value().contains(Bytes{1, 2, 3, 4}));
    EXPECT_TRUE(parse_ip_prefix("192.0.2.1").value().contains(Bytes{192, 0, 2, 1}));
    EXPECT_FALSE(parse_ip_prefix("192.0.2.1").value().contains(Bytes{192, 0, 2, 0}));
}

TEST(IpPrefix, IsReadStrictly) {
    for (const std::string bad : {"", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/024",
                                  "192.0.2.1/24", "2001:db8::/129", "2001:db8::1/64", "x/8", "192.0.2.0/24 "}) {
        EXPECT_FALSE(parse_ip_prefix(bad)) << bad;
    }
    EXPECT_EQ(parse_ip_prefix("2001:db8::/32").value().length, 32U);
}

struct PatternCase {
    std::string pattern, value;
    bool matches;
};

TEST(Pattern, StarStopsAtDotsAndTwoStarsDoNot) {
    const PatternCase cases[] = {
        {"example.org", "example.org", true},
        {"example.org", "example.orgg", false},
        {"*.example.org", "www.example.org", true},
        {"*.example.org", "a.b.example.org", false},
        {"**.example.org", "a.b.example.org", true},
        {"*.example.org", "example.org", false},
        {"web*.example.org", "web.example.org", true},
        {"web*.example.org", "web12.example.org", true},
        {"web*.example.org", "web1.2.example.org", false},
        {"*", "abc", true},
        {"*", "a.c", false},
        {"**", "a.b.c", true},
        {"**", "", true},
        {"*", "", true},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "aXbY", false},
        {"*a**", "xxa.yy.zz", true},
        {"*a**", "x.xa", false},
        {"", "", true},
        {"", "a", false},
        {"a**b", "ab", true},
    };
    for (const auto& test : cases)
        EXPECT_EQ((Pattern{test.pattern}.matches(test.value, false)), test.matches)
            << test.pattern << " " << test.value;
}

TEST(Pattern, IgnoresCaseOnlyIfAsked) {
    EXPECT_TRUE((Pattern{"*.Example.org"}.matches("WWW.eXample.ORG", true)));
    EXPECT_FALSE((Pattern{"*.Example.org"}.matches("www.example.org", false)));
    EXPECT_FALSE((Pattern{"Example"}.matches("example", false)));
    EXPECT_TRUE((Pattern{"Example"}.matches("example", true)));
}

TEST(Pattern, OfAnyShapeTakesBoundedTime) {
    std::string stars;
    for (int i = 0; i < 120; ++i) stars += "a*";
    EXPECT_FALSE((Pattern{stars + "b"}.matches(std::string(10000, 'a'), false)));
}

TEST(Pattern, ThatIsTooLongMatchesNothing) {
    EXPECT_TRUE((Pattern{std::string(255, 'a')}.matches(std::string(255, 'a'), false)));
    EXPECT_FALSE((Pattern{std::string(256, 'a')}.matches(std::string(256, 'a'), false)));
}

}  // namespace
}  // namespace sealwright::profile
