#include <gtest/gtest.h>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "x509/csr.hpp"
#include "x509/name_codec.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;
using sealwright::test::hex;

Name single(ByteView type, std::string value, std::uint8_t tag = 0) {
    return Name{{{Attribute{bytes_of(type), std::move(value), tag}}}};
}

Bytes attribute(ByteView type, asn1::Tag tag, std::string_view value) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.oid(type).primitive(tag, view_of(value)); });
    return writer.take();
}

// name_of_sets writes a Name whose RDNs are given as the content of their SETs, in whatever order.
Bytes name_of_sets(const std::vector<std::vector<Bytes>>& sets) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        for (const auto& set : sets) {
            writer.constructed(asn1::kSet, [&] {
                for (const Bytes& element : set) writer.raw(element);
            });
        }
    });
    return writer.take();
}

asn1::Tag tag_of_value(const NameDer& der) {
    asn1::DerReader outer{der.view()};
    return outer.enter(asn1::kSequence)
                   .value()
                   .enter(asn1::kSet)
                   .value()
                   .enter(asn1::kSequence)
                   .value()
                   .oid()
                   .has_value()
               ? parse_name(der.view()).value().rdns.at(0).at(0).tag
               : asn1::Tag{0};
}

TEST(Name, ReadsWhatOpensslWritesAndWritesItBack) {
    test::OpensslCli cli;
    cli.run("openssl ecparam -name prime256v1 -genkey -noout -out k.pem");
    const struct {
        const char* subject;
        bool one_attribute_each;
    } cases[] = {
        {"/C=DE/ST=Bayern/L=M\xc3\xbcnchen/O=Beispiel GmbH/OU=Eins/CN=www.example.org", true},
        {"/DC=org/DC=example/UID=u1/CN=x+serialNumber=42", false},
        {"/CN=a/emailAddress=a@example.org", true},
        {"/CN=Comma\\, and \\+ plus", true},
    };
    for (const auto& [subject, one_attribute_each] : cases) {
        cli.run(std::string{"openssl req -new -utf8 -multivalue-rdn -key k.pem -outform DER -out r.der -subj '"} +
                subject +
                "' && openssl req -in r.der -inform DER -noout -subject -nameopt RFC2253,-esc_msb,utf8 > s.txt");
        const auto csr = CertificateRequest::parse(cli.read("r.der")).value();
        EXPECT_EQ(encode_name_as_is(csr.subject).value(), csr.subject_der.bytes()) << subject;
        std::string expected{text_of(cli.read("s.txt"))};
        expected = expected.substr(std::string{"subject="}.size());
        while (expected.ends_with('\n')) expected.pop_back();
        // RFC 4514 gives the attributes of one RDN no order; OpenSSL turns them round.
        if (one_attribute_each) {
            EXPECT_EQ(format_name(csr.subject), expected);
        }
        EXPECT_EQ(encode_name(parse_name_text(format_name(csr.subject)).value()).value(), csr.subject_der) << subject;
    }
}

TEST(Name, AnEmptyNameIsAName) {
    EXPECT_TRUE(parse_name(hex("30 00")).value().empty());
    EXPECT_EQ(encode_name(Name{}).value().bytes(), hex("30 00"));
    EXPECT_EQ(format_name(Name{}), "");
    EXPECT_TRUE(parse_name_text("").value().empty());
}

TEST(Name, RefusesEveryCut) {
    const Bytes sample = encode_name(parse_name_text("CN=leaf+serialNumber=1,O=Org,C=DE").value()).value().bytes();
    test::refuses_every_cut(sample, [](ByteView der) { return parse_name(der).has_value(); });
}

TEST(Name, ANeighbourThatParsesIsEncodedAsItWas) {
    const Bytes sample =
        encode_name(parse_name_text("CN=l\xc3\xa4uf+serialNumber=1,O=Org,DC=x,C=DE").value()).value().bytes();
    std::size_t refused = 0;
    test::flips_every_bit(sample, [&](const Bytes& neighbour, std::size_t) {
        const auto name = parse_name(neighbour);
        if (name) {
            EXPECT_EQ(encode_name_as_is(name.value()).value(), neighbour);
        } else {
            ++refused;
        }
    });
    EXPECT_GT(refused, 100U);
}

TEST(Name, TheBuilderChoosesTheStringType) {
    EXPECT_EQ(tag_of_value(encode_name(single(oid::kCountryName, "DE")).value()), asn1::kPrintableString);
    EXPECT_EQ(tag_of_value(encode_name(single(oid::kSerialNumber, "42")).value()), asn1::kPrintableString);
    EXPECT_EQ(tag_of_value(encode_name(single(oid::kDnQualifier, "q")).value()), asn1::kPrintableString);
    EXPECT_EQ(tag_of_value(encode_name(single(oid::kDomainComponent, "org")).value()), asn1::kIa5String);
    EXPECT_EQ(tag_of_value(encode_name(single(oid::kEmailAddress, "a@example.org")).value()), asn1::kIa5String);
    EXPECT_EQ(tag_of_value(encode_name(single(oid::kCommonName, "plain")).value()), asn1::kUtf8String);
    EXPECT_EQ(tag_of_value(encode_name(single(oid::kCommonName, "plain", asn1::kPrintableString)).value()),
              asn1::kPrintableString);
}

TEST(Name, RefusesValuesThatTheirTypeCannotHold) {
    EXPECT_EQ(encode_name(single(oid::kCommonName, "a@b", asn1::kPrintableString)).error().code(),
              ErrorCode::malformed);
    EXPECT_EQ(encode_name(single(oid::kSerialNumber, "4_2")).error().code(), ErrorCode::malformed);
    EXPECT_EQ(encode_name(single(oid::kDomainComponent, "m\xc3\xbc")).error().code(), ErrorCode::malformed);
    EXPECT_EQ(encode_name(single(oid::kCommonName, "\xc0\x80")).error().code(), ErrorCode::malformed);
    EXPECT_EQ(encode_name(single(oid::kCommonName, std::string{"a\0b", 3})).error().code(), ErrorCode::malformed);
    EXPECT_EQ(encode_name(single(oid::kCommonName, "")).error().code(), ErrorCode::malformed);
    EXPECT_EQ(encode_name(Name{{{}}}).error().code(), ErrorCode::malformed);
    EXPECT_EQ(encode_name(single({}, "x")).error().code(), ErrorCode::malformed);
}

TEST(Name, KeepsTheUpperBoundsOfRfc5280InCharacters) {
    const struct {
        ByteView type;
        std::size_t most;
    } bounds[] = {{oid::kCommonName, 64},    {oid::kOrganizationName, 64},     {oid::kOrganizationalUnitName, 64},
                  {oid::kLocalityName, 128}, {oid::kStateOrProvinceName, 128}, {oid::kTitle, 64},
                  {oid::kSerialNumber, 64},  {oid::kEmailAddress, 255},        {oid::kPseudonym, 128}};
    for (const auto& bound : bounds) {
        EXPECT_TRUE(encode_name(single(bound.type, std::string(bound.most, 'x')))) << asn1::oid_name(bound.type);
        EXPECT_FALSE(encode_name(single(bound.type, std::string(bound.most + 1, 'x')))) << asn1::oid_name(bound.type);
    }
    std::string umlauts;
    for (int i = 0; i < 64; ++i) umlauts += "\xc3\xbc";
    EXPECT_TRUE(encode_name(single(oid::kCommonName, umlauts))) << "128 octets are 64 characters";
    EXPECT_FALSE(encode_name(single(oid::kCommonName, umlauts + "x")));
    EXPECT_TRUE(encode_name(single(oid::kCountryName, "DE")));
    EXPECT_FALSE(encode_name(single(oid::kCountryName, "D")));
    EXPECT_FALSE(encode_name(single(oid::kCountryName, "DEU")));
    // What others have issued is read and written as it is.
    const Bytes longer = encode_name_as_is(single(oid::kCommonName, std::string(100, 'x'))).value();
    EXPECT_TRUE(parse_name(longer));
}

TEST(Name, AnRdnIsASetInDerOrder) {
    const Bytes cn = attribute(oid::kCommonName, asn1::kUtf8String, "x");
    const Bytes serial = attribute(oid::kSerialNumber, asn1::kPrintableString, "1");
    EXPECT_TRUE(parse_name(name_of_sets({{cn, serial}})));
    EXPECT_FALSE(parse_name(name_of_sets({{serial, cn}}))) << "not sorted";
    EXPECT_FALSE(parse_name(name_of_sets({{cn, cn}}))) << "twice the same";
    EXPECT_FALSE(parse_name(name_of_sets({{cn, attribute(oid::kCommonName, asn1::kUtf8String, "y")}})))
        << "two values of one type";
    EXPECT_FALSE(parse_name(name_of_sets({{}}))) << "no attribute";
    EXPECT_TRUE(parse_name(name_of_sets({{cn}, {cn}}))) << "two RDNs may say the same";
    const Name unsorted{
        {{Attribute{bytes_of(oid::kSerialNumber), "1", 0}, Attribute{bytes_of(oid::kCommonName), "x", 0}}}};
    EXPECT_EQ(encode_name(unsorted).value().bytes(), name_of_sets({{cn, serial}}));
    EXPECT_FALSE(encode_name(
        Name{{{Attribute{bytes_of(oid::kCommonName), "x", 0}, Attribute{bytes_of(oid::kCommonName), "y", 0}}}}));
}

TEST(Name, RefusesWhatIsNoAttribute) {
    EXPECT_EQ(parse_name(name_of_sets({{attribute(oid::kCommonName, asn1::kUtf8String, "")}})).error().code(),
              ErrorCode::malformed);
    EXPECT_EQ(parse_name(name_of_sets({{attribute(oid::kCommonName, asn1::kOctetString, "x")}})).error().code(),
              ErrorCode::unsupported);
    Bytes three = attribute(oid::kCommonName, asn1::kUtf8String, "x");
    append(three, hex("05 00"));
    three[1] = static_cast<std::uint8_t>(three[1] + 2);
    EXPECT_FALSE(parse_name(name_of_sets({{three}}))) << "a third element";
    EXPECT_FALSE(parse_name(hex("31 00"))) << "a SET is no Name";
}

TEST(Name, CountsAreBounded) {
    const Bytes cn = attribute(oid::kCommonName, asn1::kUtf8String, "x");
    EXPECT_TRUE(parse_name(name_of_sets(std::vector<std::vector<Bytes>>(32, {cn}))));
    EXPECT_EQ(parse_name(name_of_sets(std::vector<std::vector<Bytes>>(33, {cn}))).error().code(), ErrorCode::too_large);
    std::vector<Bytes> many;
    for (std::uint8_t i = 0; i < 9; ++i)
        many.push_back(attribute(Bytes{0x55, 0x04, static_cast<std::uint8_t>(0x60 + i)}, asn1::kUtf8String, "x"));
    EXPECT_EQ(parse_name(name_of_sets({many})).error().code(), ErrorCode::too_large);
    many.pop_back();
    EXPECT_TRUE(parse_name(name_of_sets({many})));
    const Bytes large = attribute(oid::kSurname, asn1::kUtf8String, std::string(9000, 'x'));
    EXPECT_EQ(parse_name(name_of_sets({{large}})).error().code(), ErrorCode::too_large);
    EXPECT_EQ(encode_name(single(oid::kSurname, std::string(9000, 'x'))).error().code(), ErrorCode::too_large);
    EXPECT_EQ(
        encode_name(Name{std::vector<std::vector<Attribute>>(33, {Attribute{bytes_of(oid::kCommonName), "x", 0}})})
            .error()
            .code(),
        ErrorCode::too_large);
}

}  // namespace
}  // namespace sealwright::x509
