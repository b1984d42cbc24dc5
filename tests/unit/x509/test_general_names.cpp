#include <gtest/gtest.h>

#include <stdexcept>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "x509/csr.hpp"

namespace sealwright::x509 {
namespace {

using sealwright::test::hex;

Bytes element(asn1::Tag tag, ByteView content) {
    asn1::DerWriter writer;
    writer.primitive(tag, content);
    return writer.take();
}

TEST(GeneralNames, ReadWhatOpensslWritesAndWriteItBack) {
    test::OpensslCli cli;
    cli.write("c.cnf", R"([req]
distinguished_name = dn
req_extensions = ext
prompt = no
[dn]
CN = x
[ext]
subjectAltName = @san
[san]
DNS.1 = www.example.org
DNS.2 = *.example.org
email.1 = a@example.org
URI.1 = https://example.org/a?b=c
IP.1 = 192.0.2.1
IP.2 = 2001:db8::1
RID.1 = 1.2.3.4
dirName.1 = dir
otherName.1 = 1.3.6.1.4.1.311.20.2.3;UTF8:user@example.org
[dir]
C = DE
CN = A Directory
)");
    cli.run(
        "openssl ecparam -name prime256v1 -genkey -noout -out k.pem && openssl req -new -key k.pem -config c.cnf "
        "-outform DER -out r.der");
    const auto csr = CertificateRequest::parse(cli.read("r.der")).value();
    const Extension* san = find_extension(csr.requested_extensions, asn1::oid::kSubjectAltName);
    ASSERT_NE(san, nullptr);
    const GeneralNames names = parse_general_names(san->value).value();
    std::vector<std::string> texts;
    for (const GeneralName& name : names) {
        texts.push_back(format_general_name(name));
        EXPECT_EQ(parse_general_name(encode_general_name(name)).value(), name);
    }
    EXPECT_EQ(texts, (std::vector<std::string>{"DNS:www.example.org", "DNS:*.example.org", "email:a@example.org",
                                               "URI:https://example.org/a?b=c", "IP:192.0.2.1", "IP:2001:db8::1",
                                               "RID:1.2.3.4", "DirName:CN=A Directory,C=DE",
                                               "otherName:1.3.6.1.4.1.311.20.2.3"}));
    EXPECT_EQ(encode_general_names(names), san->value);
    EXPECT_EQ(std::get<OtherName>(names.back()).value_der, hex("0C 10 7573657240 6578616D706C652E6F7267"));
    test::refuses_every_cut(san->value, [](ByteView der) { return parse_general_names(der).has_value(); });
    test::flips_every_bit(san->value, [](const Bytes& neighbour, std::size_t) {
        if (const auto parsed = parse_general_names(neighbour)) {
            EXPECT_EQ(encode_general_names(parsed.value()), neighbour);
        }
    });
}

TEST(GeneralNames, X400AddressAndEdiPartyNameAreUnsupported) {
    EXPECT_EQ(parse_general_name(hex("A3 00")).error().code(), ErrorCode::unsupported);
    EXPECT_EQ(parse_general_name(hex("A5 00")).error().code(), ErrorCode::unsupported);
    EXPECT_EQ(parse_general_name(hex("89 00")).error().code(), ErrorCode::malformed);
    EXPECT_EQ(parse_general_name(hex("A2 01 61")).error().code(), ErrorCode::malformed) << "constructed dNSName";
    EXPECT_EQ(parse_general_name({}).error().code(), ErrorCode::malformed);
}

TEST(GeneralNames, TextIsVisibleAscii) {
    for (const asn1::Tag tag : {asn1::context(1), asn1::context(2), asn1::context(6)}) {
        EXPECT_TRUE(parse_general_name(element(tag, view_of("a.example"))));
        for (const std::string_view bad :
             {std::string_view{"a\0b", 3}, std::string_view{"a b"}, std::string_view{"a\nb"},
              std::string_view{"\xc3\xbc"}, std::string_view{""}, std::string_view{"a\x7f"}, std::string_view{" "}}) {
            EXPECT_EQ(parse_general_name(element(tag, view_of(bad))).error().code(), ErrorCode::malformed)
                << int{tag} << " " << bad;
        }
    }
}

TEST(GeneralNames, AnAddressHasFourOrSixteenOctets) {
    for (const std::size_t size : {0U, 1U, 3U, 4U, 5U, 8U, 15U, 16U, 17U, 32U}) {
        EXPECT_EQ(parse_general_name(element(asn1::context(7), Bytes(size, 1))).has_value(), size == 4 || size == 16)
            << size;
    }
}

TEST(GeneralNames, AListHasAtLeastOneName) {
    EXPECT_FALSE(parse_general_names(hex("30 00")));
    EXPECT_TRUE(parse_general_names(hex("30 03 82 01 61")));
    asn1::DerWriter writer;
    writer.sequence([&] {
        for (std::size_t i = 0; i <= kMaxGeneralNames; ++i) writer.primitive(asn1::context(2), view_of("a"));
    });
    EXPECT_EQ(parse_general_names(writer.view()).error().code(), ErrorCode::too_large);
}

TEST(GeneralNames, OtherNameHasATypeAndOneValue) {
    EXPECT_TRUE(parse_general_name(hex("A0 08 06 02 2A 03 A0 02 05 00")));
    EXPECT_FALSE(parse_general_name(hex("A0 04 06 02 2A 03"))) << "no value";
    EXPECT_FALSE(parse_general_name(hex("A0 06 06 02 2A 03 A0 00"))) << "an empty value";
    EXPECT_FALSE(parse_general_name(hex("A0 0A 06 02 2A 03 A0 04 05 00 05 00"))) << "two values";
    EXPECT_FALSE(parse_general_name(hex("A0 0A 06 02 2A 03 A0 02 05 00 05 00"))) << "something behind the value";
    EXPECT_FALSE(parse_general_name(hex("A0 08 06 02 2A 83 A0 02 05 00"))) << "a broken type";
}

TEST(GeneralNames, TextForms) {
    for (const auto* text :
         {"DNS:www.example.org", "IP:192.0.2.1", "IP:2001:db8::1", "URI:https://example.org/", "email:a@example.org"}) {
        EXPECT_EQ(format_general_name(parse_general_name_text(text).value()), text);
    }
    for (const auto* text : {"", "www.example.org", "DNS:", "DNS: x", "dns:x", "DNS:m\xc3\xbc.example", "IP:192.0.2",
                             "IP:192.0.2.256", "IP:192.0.2.1/24", "IP:x", "IP:", "IP:1.2.3.4 ",
                             "email:", "URI:", "RID:1.2.3", "otherName:1.2.3", "DNS:a\nb"}) {
        EXPECT_FALSE(parse_general_name_text(text)) << text;
    }
}

TEST(GeneralNames, AnUnencodableDirectoryNameIsABrokenInvariant) {
    EXPECT_THROW((void)encode_general_name(DirectoryName{Name{{{}}}}), std::invalid_argument);
    // What is only longer than RFC 5280 likes comes from other CAs, and goes out as it came in.
    const DirectoryName longer{
        Name{{{Attribute{bytes_of(asn1::oid::kCommonName), std::string(100, 'x'), asn1::kUtf8String}}}}};
    EXPECT_EQ(parse_general_name(encode_general_name(longer)).value(), GeneralName{longer});
}

TEST(GeneralNames, FormattingEscapesWhatAParserWouldRefuse) {
    EXPECT_EQ(format_general_name(DnsName{"a\nb"}), "DNS:a\\x0ab");
    EXPECT_EQ(format_general_name(IpAddress{hex("C0 00 02 00 FF FF FF 00")}), "IP:192.0.2.0/255.255.255.0");
    EXPECT_EQ(format_general_name(IpAddress{hex("C0 00")}), "IP:c000");
}

}  // namespace
}  // namespace sealwright::x509
