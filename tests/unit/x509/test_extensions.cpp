#include <gtest/gtest.h>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "x509/certificate.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;
using sealwright::test::hex;

constexpr std::string_view kConfig = R"([req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
CN = x
[ext]
basicConstraints = critical,CA:TRUE,pathlen:3
keyUsage = critical,keyCertSign,cRLSign,digitalSignature,decipherOnly,keyAgreement
extendedKeyUsage = serverAuth,clientAuth,1.2.3.4
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 1.2.3.4,@policy
authorityInfoAccess = OCSP;URI:http://ocsp.example.org/,caIssuers;URI:http://ca.example.org/ca.cer
subjectInfoAccess = 1.3.6.1.5.5.7.48.5;URI:http://repository.example.org/
crlDistributionPoints = URI:http://crl.example.org/a.crl,URI:http://crl.example.org/b.crl
nameConstraints = critical,permitted;DNS:example.org,permitted;IP:192.0.2.0/255.255.255.0,excluded;email:.example.net,excluded;DNS:bad.example.org
policyConstraints = critical,requireExplicitPolicy:2,inhibitPolicyMapping:0
inhibitAnyPolicy = critical,5
[policy]
policyIdentifier = 1.2.3.5
CPS.1 = https://example.org/cps
userNotice.1 = @notice
[notice]
explicitText = Read this
)";

const Certificate& sample() {
    static const Certificate certificate = [] {
        sealwright::test::OpensslCli cli;
        cli.write("c.cnf", kConfig);
        cli.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -config c.cnf -days 9 "
            "-outform DER -out c.der");
        return Certificate::parse(cli.read("c.der")).value();
    }();
    return certificate;
}

const Bytes& value_of(ByteView type) {
    const Extension* extension = find_extension(sample().fields().extensions, type);
    if (extension == nullptr) throw std::runtime_error{"OpenSSL left out " + asn1::oid_name(type)};
    return extension->value;
}

// goes_there_and_back: what OpenSSL wrote is read, written again and the same; no cut of it parses; a neighbour that
// parses is also written as it was.
template <class Parse, class Encode>
void goes_there_and_back(const Bytes& sample_value, Parse parse, Encode encode) {
    EXPECT_EQ(to_hex(encode(parse(sample_value).value())), to_hex(sample_value));
    sealwright::test::refuses_every_cut(sample_value, [&](ByteView value) { return parse(value).has_value(); });
    sealwright::test::flips_every_bit(sample_value, [&](const Bytes& neighbour, std::size_t bit) {
        if (auto value = parse(neighbour)) {
            EXPECT_EQ(to_hex(encode(value.value())), to_hex(neighbour)) << "bit " << bit;
        }
    });
}

TEST(Extensions, TheTypedValuesOfOpensslGoThereAndBack) {
    goes_there_and_back(value_of(oid::kBasicConstraints), parse_basic_constraints, encode_basic_constraints);
    goes_there_and_back(value_of(oid::kKeyUsage), parse_key_usage, encode_key_usage);
    goes_there_and_back(value_of(oid::kExtKeyUsage), parse_ext_key_usage, encode_ext_key_usage);
    goes_there_and_back(value_of(oid::kSubjectKeyIdentifier), parse_subject_key_identifier,
                        encode_subject_key_identifier);
    goes_there_and_back(value_of(oid::kCertificatePolicies), parse_certificate_policies, encode_certificate_policies);
    goes_there_and_back(value_of(oid::kAuthorityInfoAccess), parse_access_descriptions, encode_access_descriptions);
    goes_there_and_back(value_of(oid::kSubjectInfoAccess), parse_access_descriptions, encode_access_descriptions);
    goes_there_and_back(value_of(oid::kCrlDistributionPoints), parse_crl_distribution_points,
                        encode_crl_distribution_points);
    goes_there_and_back(value_of(oid::kNameConstraints), parse_name_constraints, encode_name_constraints);
    goes_there_and_back(value_of(oid::kPolicyConstraints), parse_policy_constraints, encode_policy_constraints);
    goes_there_and_back(value_of(oid::kInhibitAnyPolicy), parse_inhibit_any_policy, encode_inhibit_any_policy);
}

TEST(Extensions, AuthorityKeyIdentifierIsReadAndBuiltInItsOneForm) {
    // OpenSSL leaves it out of a self-signed certificate in this configuration; a hand-written one stands in.
    const Bytes value = encode_authority_key_identifier(hex("01 02 03"));
    EXPECT_EQ(value, hex("30 05 80 03 01 02 03"));
    EXPECT_EQ(parse_authority_key_identifier(value).value().key_identifier, hex("01 02 03"));
    EXPECT_TRUE(parse_authority_key_identifier(hex("30 00")).value().key_identifier.empty());
    EXPECT_TRUE(parse_authority_key_identifier(hex("30 0D 80 03 010203 A1 03 82 01 61 82 01 05")));
    EXPECT_FALSE(parse_authority_key_identifier(hex("30 0A 80 03 010203 A1 03 82 01 61")))
        << "issuer without serial number";
    EXPECT_FALSE(parse_authority_key_identifier(hex("30 08 80 03 010203 82 01 05"))) << "serial number without issuer";
    EXPECT_FALSE(parse_authority_key_identifier(hex("30 02 80 00"))) << "an empty identifier";
}

TEST(Extensions, TheFieldsAreWhatTheConfigurationSaid) {
    EXPECT_EQ(parse_key_usage(value_of(oid::kKeyUsage)).value(),
              kDigitalSignature | kKeyAgreement | kKeyCertSign | kCrlSign | kDecipherOnly);
    const auto constraints = parse_basic_constraints(value_of(oid::kBasicConstraints)).value();
    EXPECT_TRUE(constraints.ca);
    EXPECT_EQ(constraints.path_length, 3U);
    const auto policies = parse_certificate_policies(value_of(oid::kCertificatePolicies)).value();
    ASSERT_EQ(policies.size(), 2U);
    EXPECT_EQ(asn1::format_oid(policies[1].policy), "1.2.3.5");
    ASSERT_EQ(policies[1].qualifiers.size(), 2U);
    EXPECT_TRUE(equal(policies[1].qualifiers[0].id, oid::kCpsQualifier));
    const auto names = parse_name_constraints(value_of(oid::kNameConstraints)).value();
    EXPECT_EQ(names.permitted.size(), 2U);
    EXPECT_EQ(format_general_name(names.permitted[1]), "IP:192.0.2.0/255.255.255.0");
    EXPECT_EQ(names.excluded.size(), 2U);
    const auto policy = parse_policy_constraints(value_of(oid::kPolicyConstraints)).value();
    EXPECT_EQ(policy.require_explicit_policy, 2U);
    EXPECT_EQ(policy.inhibit_policy_mapping, 0U);
    EXPECT_EQ(parse_inhibit_any_policy(value_of(oid::kInhibitAnyPolicy)).value(), 5U);
    EXPECT_EQ(parse_crl_distribution_points(value_of(oid::kCrlDistributionPoints)).value().size(), 2U);
    EXPECT_TRUE(find_extension(sample().fields().extensions, oid::kKeyUsage)->critical);
    EXPECT_FALSE(find_extension(sample().fields().extensions, oid::kExtKeyUsage)->critical);
}

TEST(Extensions, AListGoesThereAndBack) {
    const Extensions& extensions = sample().fields().extensions;
    goes_there_and_back(encode_extensions(extensions), parse_extensions, encode_extensions);
    EXPECT_EQ(parse_extensions(encode_extensions(extensions)).value(), extensions);
}

TEST(Extensions, AListIsStrict) {
    EXPECT_TRUE(parse_extensions(hex("30 09 30 07 06 03 55 1D 0F 04 00")));
    EXPECT_TRUE(parse_extensions(hex("30 0C 30 0A 06 03 55 1D 0F 01 01 FF 04 00")));
    EXPECT_FALSE(parse_extensions(hex("30 0C 30 0A 06 03 55 1D 0F 01 01 00 04 00"))) << "critical FALSE";
    EXPECT_FALSE(parse_extensions(hex("30 0C 30 0A 06 03 55 1D 0F 01 01 01 04 00"))) << "critical is neither 00 nor FF";
    EXPECT_FALSE(parse_extensions(hex("30 0B 30 09 06 03 55 1D 0F 04 00 05 00"))) << "something behind the value";
    EXPECT_FALSE(parse_extensions(hex("30 09 30 07 06 03 55 80 0F 04 00"))) << "a broken identifier";
    EXPECT_FALSE(parse_extensions(hex("30 00")));
    EXPECT_FALSE(parse_extensions(hex("30 07 30 05 06 03 55 1D 0F"))) << "no value";
    EXPECT_FALSE(parse_extensions(hex("30 12 30 07 06 03 55 1D 0F 04 00 30 07 06 03 55 1D 0F 04 00"))) << "twice";
    Extensions many;
    for (std::uint8_t i = 0; i < kMaxExtensions + 1; ++i) many.push_back({Bytes{0x2A, i}, false, {}});
    EXPECT_EQ(parse_extensions(encode_extensions(many)).error().code(), ErrorCode::too_large);
    many.pop_back();
    EXPECT_TRUE(parse_extensions(encode_extensions(many)));
}

TEST(Extensions, KeyUsageIsACanonicalNamedBitList) {
    EXPECT_EQ(parse_key_usage(hex("03 02 07 80")).value(), kDigitalSignature);
    EXPECT_EQ(parse_key_usage(hex("03 03 07 00 80")).value(), kDecipherOnly);
    EXPECT_FALSE(parse_key_usage(hex("03 02 00 80"))) << "trailing zeros";
    EXPECT_FALSE(parse_key_usage(hex("03 03 07 80 00"))) << "a trailing zero octet";
    EXPECT_FALSE(parse_key_usage(hex("03 03 06 00 40"))) << "a tenth bit";
    EXPECT_FALSE(parse_key_usage(hex("03 01 00"))) << "no bit at all";
    EXPECT_FALSE(parse_key_usage(hex("03 02 07 81"))) << "an unused bit";
    for (unsigned usage = 1; usage < 512; ++usage)
        EXPECT_EQ(parse_key_usage(encode_key_usage(static_cast<KeyUsage>(usage))).value(), usage);
}

TEST(Extensions, BasicConstraintsEncodeNoDefault) {
    EXPECT_FALSE(parse_basic_constraints(hex("30 00")).value().ca);
    EXPECT_TRUE(parse_basic_constraints(hex("30 03 01 01 FF")).value().ca);
    EXPECT_FALSE(parse_basic_constraints(hex("30 03 01 01 00"))) << "cA FALSE is encoded";
    EXPECT_FALSE(parse_basic_constraints(hex("30 06 01 01 FF 02 01 FF"))) << "a negative path length";
    EXPECT_FALSE(parse_basic_constraints(hex("30 07 01 01 FF 02 02 00 01"))) << "not minimal";
    EXPECT_FALSE(parse_basic_constraints(hex("30 0A 01 01 FF 02 05 01 00 00 00 00"))) << "33 bits";
    EXPECT_FALSE(parse_basic_constraints(hex("30 06 02 01 00 01 01 FF"))) << "out of order";
    EXPECT_EQ(encode_basic_constraints({}), hex("30 00"));
    EXPECT_EQ(encode_basic_constraints({true, 0}), hex("30 06 01 01 FF 02 01 00"));
}

TEST(Extensions, ListsAreNeverEmpty) {
    EXPECT_FALSE(parse_ext_key_usage(hex("30 00")));
    EXPECT_FALSE(parse_certificate_policies(hex("30 00")));
    EXPECT_FALSE(parse_access_descriptions(hex("30 00")));
    EXPECT_FALSE(parse_crl_distribution_points(hex("30 00")));
    EXPECT_FALSE(parse_name_constraints(hex("30 00")));
    EXPECT_FALSE(parse_name_constraints(hex("30 02 A0 00")));
    EXPECT_FALSE(parse_policy_constraints(hex("30 00")));
    EXPECT_FALSE(parse_issuing_distribution_point(hex("30 00")));
    EXPECT_FALSE(parse_subject_key_identifier(hex("04 00")));
}

TEST(Extensions, APolicyStandsOnce) {
    EXPECT_TRUE(parse_certificate_policies(hex("30 0C 30 04 06 02 2A 03 30 04 06 02 2A 04")));
    EXPECT_FALSE(parse_certificate_policies(hex("30 0C 30 04 06 02 2A 03 30 04 06 02 2A 03")));
    EXPECT_FALSE(parse_certificate_policies(hex("30 08 30 06 06 02 2A 03 30 00"))) << "an empty list of qualifiers";
}

TEST(Extensions, DistributionPointsWithReasonsOrOtherIssuersAreUnsupported) {
    const Bytes plain = encode_crl_distribution_points({{{UriName{"http://a"}}}});
    EXPECT_TRUE(parse_crl_distribution_points(plain));
    EXPECT_EQ(
        parse_crl_distribution_points(hex("30 12 30 10 A0 0A A0 08 86 06 687474703A2F 81 02 07 80")).error().code(),
        ErrorCode::unsupported);
    EXPECT_EQ(parse_crl_distribution_points(hex("30 05 30 03 81 01 00")).error().code(), ErrorCode::unsupported);
    EXPECT_EQ(parse_crl_distribution_points(hex("30 06 30 04 A0 02 A1 00")).error().code(), ErrorCode::unsupported);
    EXPECT_EQ(parse_crl_distribution_points(hex("30 02 30 00")).error().code(), ErrorCode::malformed);
}

TEST(Extensions, SubtreesHaveNoMinimumOrMaximum) {
    EXPECT_TRUE(parse_name_constraints(hex("30 07 A0 05 30 03 82 01 61")));
    EXPECT_TRUE(parse_name_constraints(hex("30 06 A1 04 30 02 82 00"))) << "every dNSName";
    EXPECT_FALSE(parse_name_constraints(hex("30 0A A0 08 30 06 82 01 61 80 01 00")));
    EXPECT_FALSE(parse_name_constraints(hex("30 0A A0 08 30 06 82 01 61 81 01 05")));
    EXPECT_FALSE(parse_name_constraints(hex("30 0A A0 08 30 06 87 04 C0 00 02 00"))) << "an address without a mask";
    EXPECT_TRUE(parse_name_constraints(hex("30 0E A0 0C 30 0A 87 08 C0 00 02 00 FF FF FF 00")));
    EXPECT_FALSE(parse_name_constraints(hex("30 0E A0 0C 30 0A 87 08 C0 00 02 00 FF 00 FF 00")))
        << "a mask with a hole";
    EXPECT_FALSE(parse_name_constraints(hex("30 0E A1 05 30 03 82 01 61 A0 05 30 03 82 01 61"))) << "out of order";
}

TEST(Extensions, IssuingDistributionPointGoesThereAndBack) {
    const IssuingDistributionPoint point{.full_name = {UriName{"http://crl.example.org/1.crl"}},
                                         .only_user_certs = true};
    goes_there_and_back(encode_issuing_distribution_point(point), parse_issuing_distribution_point,
                        encode_issuing_distribution_point);
    EXPECT_TRUE(parse_issuing_distribution_point(hex("30 03 81 01 FF")).value().only_user_certs);
    EXPECT_FALSE(parse_issuing_distribution_point(hex("30 03 81 01 00"))) << "a default is encoded";
    EXPECT_FALSE(parse_issuing_distribution_point(hex("30 06 81 01 FF 82 01 FF"))) << "users and CAs alone at once";
    EXPECT_TRUE(parse_issuing_distribution_point(hex("30 03 84 01 FF")).value().indirect);
    EXPECT_EQ(parse_issuing_distribution_point(hex("30 04 83 02 07 80")).error().code(), ErrorCode::unsupported);
}

TEST(Extensions, TheSubjectKeyIdentifierIsRfc7093Method1) {
    // SHA-256 of the octet 00, its leftmost 160 bits.
    EXPECT_EQ(to_hex(subject_key_identifier(hex("00"))), "6e340b9cffb37a989ca544e6bb780a2c78901d3f");
}

}  // namespace
}  // namespace sealwright::x509
