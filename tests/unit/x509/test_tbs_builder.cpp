#include <gtest/gtest.h>

#include "asn1/der_reader.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/unit/x509/authority.hpp"
#include "x509/csr.hpp"

namespace sealwright::x509 {
namespace {

using test::at;

TEST(TbsBuilder, WhatIsBuiltIsReadBackField) {
    const auto holder = test::issue({.subject = "CN=root,O=Org,C=DE",
                                     .not_after = at("2051-06-01T00:00:00Z"),
                                     .extensions = test::ca_extensions(2)});
    const TbsCertificate& fields = holder.certificate.fields();
    EXPECT_EQ(fields.version, 3U);
    EXPECT_EQ(format_name(fields.subject), "CN=root,O=Org,C=DE");
    EXPECT_EQ(fields.issuer_der, fields.subject_der);
    EXPECT_EQ(fields.not_before, at("2026-01-01T00:00:00Z"));
    EXPECT_EQ(fields.not_after, at("2051-06-01T00:00:00Z"));
    EXPECT_EQ(fields.not_before_tag, asn1::kUtcTime);
    EXPECT_EQ(fields.not_after_tag, asn1::kGeneralizedTime);
    EXPECT_EQ(fields.spki, holder.key.spki());
    EXPECT_EQ(fields.extensions, test::ca_extensions(2));
    EXPECT_EQ(fields.serial.size(), 16U);
    EXPECT_TRUE(holder.certificate.is_ca());
    EXPECT_FALSE(fields.has_unique_ids);
}

TEST(TbsBuilder, ASerialNumberIsPositiveWhateverItsFirstBit) {
    TbsCertificateFields fields;
    fields.issuer = fields.subject = test::name_of("CN=x");
    fields.spki = test::TestKey::generate(crypto::KeyType::ec_p256).spki();
    std::array<std::uint8_t, 16> octets{};
    octets.fill(0xFF);
    fields.serial = SerialNumber{octets};
    EXPECT_EQ(parse_tbs_certificate(build_tbs_certificate(fields).view()).value().serial.size(), 17U);
    octets.fill(0);
    octets.back() = 5;
    fields.serial = SerialNumber{octets};
    EXPECT_EQ(parse_tbs_certificate(build_tbs_certificate(fields).view()).value().serial, Bytes{5});
}

TEST(TbsBuilder, OpensslAndCerttoolAcceptWhatIsBuilt) {
    sealwright::test::OpensslCli cli;
    for (const auto type : {crypto::KeyType::ec_p256, crypto::KeyType::rsa, crypto::KeyType::ed25519}) {
        const auto root =
            test::issue({.subject = "CN=root",
                         .extensions = test::with(test::ca_extensions(),
                                                  test::extension(asn1::oid::kSubjectKeyIdentifier, false,
                                                                  encode_subject_key_identifier(Bytes(20, 1))))},
                        nullptr, type);
        const Extensions leaf_extensions{
            test::extension(asn1::oid::kSubjectAltName, false, encode_general_names({DnsName{"www.example.org"}})),
            test::extension(asn1::oid::kKeyUsage, true, encode_key_usage(kDigitalSignature)),
            test::extension(asn1::oid::kSubjectKeyIdentifier, false, encode_subject_key_identifier(Bytes(20, 2))),
            test::extension(asn1::oid::kAuthorityKeyIdentifier, false, encode_authority_key_identifier(Bytes(20, 1)))};
        const auto leaf = test::issue({.extensions = leaf_extensions}, &root, type);
        cli.write("root.pem", encode_pem("CERTIFICATE", root.certificate.der().view()));
        cli.write("leaf.pem", encode_pem("CERTIFICATE", leaf.certificate.der().view()));
        cli.run(
            "openssl verify -attime 1790000000 -x509_strict -verify_hostname www.example.org -CAfile root.pem "
            "leaf.pem");
        cli.run("openssl x509 -in leaf.pem -noout -text && certtool -i --infile leaf.pem");
        const auto stranger = test::issue({.subject = "CN=root", .extensions = test::ca_extensions()}, nullptr, type);
        cli.write("root.pem", encode_pem("CERTIFICATE", stranger.certificate.der().view()));
        EXPECT_FALSE(cli.succeeds("openssl verify -attime 1790000000 -CAfile root.pem leaf.pem"));
    }
}

TEST(TbsBuilder, OpensslAcceptsARequestThatIsBuilt) {
    sealwright::test::OpensslCli cli;
    for (const auto& requested :
         {Extensions{}, Extensions{test::extension(asn1::oid::kSubjectAltName, false,
                                                   encode_general_names({DnsName{"a.example"}}))}}) {
        const auto key = test::TestKey::generate(crypto::KeyType::ec_p384);
        const Bytes info = build_certification_request_info(test::name_of("CN=x"), key.spki(), requested);
        const CsrDer der = assemble_csr(info, key.algorithm(), key.sign(info));
        const auto csr = CertificateRequest::parse(der.view()).value();
        EXPECT_TRUE(csr.verify_possession());
        EXPECT_EQ(csr.requested_extensions, requested);
        cli.write("r.pem", encode_pem("CERTIFICATE REQUEST", der.view()));
        cli.run("openssl req -in r.pem -verify -noout -text");
        EXPECT_EQ(cli.output().find("DNS:a.example") != std::string::npos, !requested.empty());
    }
}

}  // namespace
}  // namespace sealwright::x509
