#include <gtest/gtest.h>

#include "asn1/der_writer.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/unit/x509/authority.hpp"
#include "x509/crl.hpp"

namespace sealwright::x509 {
namespace {

using sealwright::test::hex;
using sealwright::test::OpensslCli;
using test::at;

SerialNumber serial(std::uint64_t number) {
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t i = 0; i < 8; ++i) octets[15 - i] = static_cast<std::uint8_t>((number >> (8 * i)) & 0xFFU);
    return SerialNumber{octets};
}

CrlFields fields_of(const test::Holder& issuer) {
    return {.signature_algorithm = issuer.key.algorithm(),
            .issuer = issuer.certificate.fields().subject_der,
            .this_update = at("2026-11-22T00:00:00Z"),
            .next_update = at("2026-11-29T00:00:00Z"),
            .authority_key_identifier = Bytes(20, 1),
            .number = 42,
            .distribution_point = std::nullopt};
}

Bytes signed_list(const test::Holder& issuer, CrlBuilder& builder, const CrlFields& fields) {
    const TbsCertListDer tbs = builder.build(fields);
    return assemble_crl(tbs.view(), fields.signature_algorithm, issuer.key.sign(fields.signature_algorithm, tbs.view()))
        .bytes();
}

test::Holder authority() { return test::issue({.subject = "CN=ca", .extensions = test::ca_extensions()}); }

const std::vector<CrlEntry>& entries() {
    static const std::vector<CrlEntry> all{
        {serial(5), at("2026-11-01T00:00:00Z"), RevocationReason::unspecified, std::nullopt},
        {serial(0xFFFFFFFFFFFFFFFF), at("2026-11-02T00:00:00Z"), RevocationReason::key_compromise,
         at("2026-10-01T00:00:00Z")},
        {serial(7), at("2051-01-01T00:00:00Z"), RevocationReason::certificate_hold, std::nullopt},
        {serial(8), at("2026-11-04T00:00:00Z"), RevocationReason::unspecified, at("2026-10-02T00:00:00Z")},
    };
    return all;
}

bool same(const CrlEntry& a, const CrlEntry& b) {
    return a.serial == b.serial && a.revoked_at == b.revoked_at && a.reason == b.reason &&
           a.invalidity_date == b.invalidity_date;
}

TEST(Crl, WhatIsBuiltIsReadBack) {
    const auto issuer = authority();
    CrlBuilder builder;
    for (const CrlEntry& entry : entries()) builder.add(entry);
    EXPECT_EQ(builder.size(), 4U);
    CrlFields fields = fields_of(issuer);
    fields.distribution_point =
        IssuingDistributionPoint{.full_name = {UriName{"http://crl.example.org/1.crl"}}, .only_user_certs = true};
    const auto list = CertificateList::parse(signed_list(issuer, builder, fields)).value();
    EXPECT_EQ(builder.size(), 0U);
    EXPECT_EQ(list.number(), 42U);
    EXPECT_EQ(list.entry_count(), 4U);
    EXPECT_EQ(list.issuer(), fields.issuer);
    EXPECT_EQ(list.this_update(), fields.this_update);
    EXPECT_EQ(list.next_update(), fields.next_update);
    EXPECT_TRUE(list.verify_signature(issuer.key.public_key()));
    std::vector<CrlEntry> read;
    ASSERT_TRUE(list.for_each([&](const CrlEntry& entry) { read.push_back(entry); }));
    EXPECT_TRUE(std::equal(read.begin(), read.end(), entries().begin(), entries().end(), same));
    for (const CrlEntry& entry : entries()) EXPECT_TRUE(same(list.find(entry.serial).value(), entry));
    EXPECT_FALSE(list.find(serial(6)));
    const Extension* point = find_extension(list.extensions(), asn1::oid::kIssuingDistributionPoint);
    ASSERT_NE(point, nullptr);
    EXPECT_TRUE(point->critical);
}

TEST(Crl, WithoutEntriesTheListIsAbsent) {
    const auto issuer = authority();
    CrlBuilder builder;
    const auto list = CertificateList::parse(signed_list(issuer, builder, fields_of(issuer))).value();
    EXPECT_EQ(list.entry_count(), 0U);
    EXPECT_FALSE(list.find(serial(5)));
    EXPECT_TRUE(list.for_each([](const CrlEntry&) { ADD_FAILURE(); }));
}

TEST(Crl, OpensslAndCerttoolReadAndVerifyIt) {
    OpensslCli cli;
    const auto issuer =
        test::issue({.subject = "CN=ca",
                     .extensions = test::with(test::ca_extensions(),
                                              test::extension(asn1::oid::kSubjectKeyIdentifier, false,
                                                              encode_subject_key_identifier(Bytes(20, 1))))});
    CrlBuilder builder;
    for (const CrlEntry& entry : entries()) builder.add(entry);
    const Bytes der = signed_list(issuer, builder, fields_of(issuer));
    cli.write("c.crl", der);
    cli.write("ca.pem", encode_pem("CERTIFICATE", issuer.certificate.der().view()));
    cli.run("openssl crl -inform DER -in c.crl -CAfile ca.pem -noout -text");
    EXPECT_NE(cli.output().find("verify OK"), std::string::npos) << cli.output();
    for (const auto* text :
         {"X509v3 CRL Number", "42", "Key Compromise", "Certificate Hold", "Invalidity Date", "FFFFFFFFFFFFFFFF"})
        EXPECT_NE(cli.output().find(text), std::string::npos) << text;
    cli.run("certtool --crl-info --inder --infile c.crl");
    EXPECT_NE(cli.output().find("Revoked certificates (4)"), std::string::npos) << cli.output();
}

TEST(Crl, ReadsWhatOpensslMakes) {
    OpensslCli cli;
    cli.write("ca.cnf", R"([ca]
default_ca = c
[c]
dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
certificate = ca.pem
private_key = k.pem
default_md = sha256
default_crl_days = 7
crl_extensions = ext
[ext]
authorityKeyIdentifier = keyid
)");
    cli.write("index.txt",
              "R\t270101000000Z\t261101000000Z,keyCompromise\t0A\tunknown\t/CN=a\n"
              "R\t270101000000Z\t261102000000Z\t7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\tunknown\t/CN=b\n"
              "V\t270101000000Z\t\t0B\tunknown\t/CN=c\n");
    cli.write("crlnumber", "1F\n");
    cli.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -subj /CN=ca -out ca.pem "
        "&& openssl ca -gencrl -config ca.cnf -out c.pem && openssl crl -in c.pem -outform DER -out c.der");
    const auto list = CertificateList::parse(cli.read("c.der")).value();
    EXPECT_EQ(list.number(), 31U);
    EXPECT_EQ(list.entry_count(), 2U);
    EXPECT_EQ(list.find(serial(10)).value().reason, RevocationReason::key_compromise);
    EXPECT_FALSE(list.find(serial(11)));
    std::size_t visited = 0;
    ASSERT_TRUE(list.for_each([&](const CrlEntry&) { ++visited; }));
    EXPECT_EQ(visited, 1U) << "a serial number of 20 octets is none of ours";
    const auto pem = cli.read("ca.pem");
    const auto ca = Certificate::parse_pem(text_of(pem)).value().at(0);
    EXPECT_TRUE(list.verify_signature(crypto::PublicKey::parse(ca.fields().spki.view()).value()));
}

TEST(Crl, RefusesEveryCutAndNoNeighbourVerifies) {
    const auto issuer = authority();
    CrlBuilder builder;
    for (const CrlEntry& entry : entries()) builder.add(entry);
    const Bytes der = signed_list(issuer, builder, fields_of(issuer));
    sealwright::test::refuses_every_cut(der,
                                        [](ByteView cut) { return CertificateList::parse(bytes_of(cut)).has_value(); });
    const auto key = issuer.key.public_key();
    std::size_t parsed = 0;
    sealwright::test::flips_every_bit(der, [&](const Bytes& neighbour, std::size_t bit) {
        const auto list = CertificateList::parse(neighbour);
        if (!list) return;
        ++parsed;
        EXPECT_FALSE(list.value().verify_signature(key)) << "bit " << bit;
        EXPECT_TRUE(list.value().for_each([](const CrlEntry&) {})) << "what was parsed can be walked";
    });
    EXPECT_GT(parsed, 500U);
}

// tbs_with builds a TBSCertList with these entries and extensions, to be refused or not.
Result<CertificateList> list_with(const Bytes& entry_list, const Bytes& extensions, ByteView version = hex("02 01 01"),
                                  bool next_update = true) {
    const Bytes algorithm = crypto::algorithm_identifier({});
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] {
            writer.raw(version).raw(algorithm).raw(test::name_of("CN=ca").view()).time(at("2026-01-01T00:00:00Z"));
            if (next_update) writer.time(at("2026-02-01T00:00:00Z"));
            writer.raw(entry_list);
            if (!extensions.empty()) writer.constructed(asn1::context_constructed(0), [&] { writer.raw(extensions); });
        });
        writer.raw(algorithm).bit_string(Bytes(8, 1));
    });
    return CertificateList::parse(writer.take());
}

Bytes entry_with(const Bytes& entry_extensions) {
    asn1::DerWriter writer;
    writer.sequence(
        [&] { writer.sequence([&] { writer.integer(5).time(at("2026-01-01T00:00:00Z")).raw(entry_extensions); }); });
    return writer.take();
}

const Bytes kNumber = encode_extensions({test::extension(asn1::oid::kCrlNumber, false, hex("02 01 05"))});

TEST(Crl, IsStrict) {
    EXPECT_TRUE(list_with({}, kNumber));
    EXPECT_TRUE(list_with(entry_with({}), kNumber));
    EXPECT_FALSE(list_with(hex("30 00"), kNumber)) << "an empty list of revoked certificates";
    EXPECT_FALSE(list_with({}, {})) << "no extensions, thus no number";
    EXPECT_FALSE(
        list_with({}, encode_extensions({test::extension(asn1::oid::kAuthorityKeyIdentifier, false, hex("30 00"))})))
        << "no number";
    EXPECT_FALSE(list_with({}, kNumber, {})) << "version 1";
    EXPECT_EQ(list_with({}, kNumber, hex("02 01 02")).error().code(), ErrorCode::unsupported);
    EXPECT_FALSE(list_with({}, kNumber, hex("02 01 01"), false)) << "no nextUpdate";
    EXPECT_FALSE(list_with({}, encode_extensions({test::extension(asn1::oid::kCrlNumber, false, hex("02 01 FF"))})))
        << "a negative number";
}

TEST(Crl, RefusesWhatWouldChangeItsMeaning) {
    const auto with_number = [](Extension more) {
        return encode_extensions({test::extension(asn1::oid::kCrlNumber, false, hex("02 01 05")), std::move(more)});
    };
    EXPECT_TRUE(list_with({}, with_number(test::extension(hex("2A 03"), false, hex("05 00")))));
    EXPECT_EQ(list_with({}, with_number(test::extension(hex("2A 03"), true, hex("05 00")))).error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(list_with({}, with_number(test::extension(asn1::oid::kDeltaCrlIndicator, true, hex("02 01 04"))))
                  .error()
                  .code(),
              ErrorCode::unsupported);
    EXPECT_EQ(
        list_with({}, with_number(test::extension(asn1::oid::kIssuingDistributionPoint, true, hex("30 03 84 01 FF"))))
            .error()
            .code(),
        ErrorCode::unsupported)
        << "indirect";
    EXPECT_TRUE(
        list_with({}, with_number(test::extension(asn1::oid::kIssuingDistributionPoint, true, hex("30 03 81 01 FF")))));
}

TEST(Crl, EntryExtensionsAreStrict) {
    const Bytes reason = hex("30 0A 06 03 55 1D 15 04 03 0A 01 01");
    const auto wrapped = [](const Bytes& content) {
        asn1::DerWriter writer;
        writer.primitive(asn1::kSequence, content);
        return entry_with(writer.take());
    };
    EXPECT_EQ(list_with(wrapped(reason), kNumber).value().find(serial(5)).value().reason,
              RevocationReason::key_compromise);
    Bytes twice = reason;
    append(twice, reason);
    EXPECT_FALSE(list_with(wrapped(twice), kNumber));
    EXPECT_FALSE(list_with(wrapped({}), kNumber)) << "an empty list of extensions";
    EXPECT_FALSE(list_with(wrapped(hex("30 0A 06 03 55 1D 15 04 03 0A 01 07")), kNumber)) << "reason 7 is not used";
    EXPECT_FALSE(list_with(wrapped(hex("30 0A 06 03 55 1D 15 04 03 0A 01 0B")), kNumber));
    EXPECT_FALSE(list_with(wrapped(hex("30 0D 06 03 55 1D 15 01 01 00 04 03 0A 01 01")), kNumber)) << "critical FALSE";
    EXPECT_TRUE(list_with(wrapped(hex("30 06 06 02 2A 03 04 00")), kNumber)) << "unknown, not critical";
    EXPECT_EQ(list_with(wrapped(hex("30 09 06 02 2A 03 01 01 FF 04 00")), kNumber).error().code(),
              ErrorCode::unsupported)
        << "unknown and critical";
    EXPECT_EQ(list_with(wrapped(hex("30 0D 06 03 55 1D 1D 01 01 FF 04 03 30 01 00")), kNumber).error().code(),
              ErrorCode::unsupported)
        << "certificateIssuer";
}

TEST(Crl, ALargeListIsWalkedWithinItsLimit) {
    const auto issuer = authority();
    CrlBuilder builder;
    constexpr std::uint64_t kCount = 100000;
    for (std::uint64_t i = 1; i <= kCount; ++i)
        builder.add({serial(i), at("2026-11-01T00:00:00Z"), RevocationReason::superseded, std::nullopt});
    const Bytes der = signed_list(issuer, builder, fields_of(issuer));
    const auto list = CertificateList::parse(der).value();
    EXPECT_EQ(list.entry_count(), kCount);
    EXPECT_TRUE(list.find(serial(kCount)));
    EXPECT_FALSE(list.find(serial(kCount + 1)));
    EXPECT_EQ(CertificateList::parse(der, der.size() - 1).error().code(), ErrorCode::too_large);
}

TEST(Crl, ReasonsHaveNames) {
    for (const int code : {0, 1, 2, 3, 4, 5, 6, 8, 9, 10}) {
        const auto reason = static_cast<RevocationReason>(code);
        EXPECT_EQ(parse_reason_name(reason_name(reason)).value(), reason);
    }
    EXPECT_EQ(reason_name(static_cast<RevocationReason>(7)), "unknown");
    EXPECT_FALSE(parse_reason_name("unknown"));
    EXPECT_FALSE(parse_reason_name("KeyCompromise"));
}

}  // namespace
}  // namespace sealwright::x509
