#include <gtest/gtest.h>

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/unit/x509/authority.hpp"
#include "x509/csr.hpp"

namespace sealwright::x509 {
namespace {

using sealwright::test::hex;
using sealwright::test::OpensslCli;
using test::TestKey;

// request builds a CSR around the attributes as they are given (the content of [0]).
Bytes request(const Bytes& attributes, ByteView version = hex("02 01 00")) {
    static const TestKey key = TestKey::generate(crypto::KeyType::ec_p256);
    asn1::DerWriter info;
    info.sequence([&] {
        info.raw(version).raw(test::name_of("CN=x").view()).raw(key.spki().view());
        info.primitive(asn1::context_constructed(0), attributes);
    });
    return assemble_csr(info.view(), key.algorithm(), key.sign(info.view())).bytes();
}

Bytes attribute(ByteView type, const std::vector<Bytes>& values) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.oid(type).constructed(asn1::kSet, [&] {
            for (const Bytes& value : values) writer.raw(value);
        });
    });
    return writer.take();
}

Bytes joined(const std::vector<Bytes>& parts) {
    Bytes out;
    for (const Bytes& part : parts) append(out, part);
    return out;
}

bool parses(const Bytes& der) { return CertificateRequest::parse(der).has_value(); }

TEST(Csr, ReadsAndVerifiesWhatOpensslAndCerttoolMake) {
    OpensslCli cli;
    for (const auto* algorithm :
         {"rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519"}) {
        cli.run(std::string{"openssl req -new -newkey "} + algorithm +
                " -nodes -keyout k.pem -subj /C=DE/CN=x -addext subjectAltName=DNS:a.example -out r.pem");
        const auto csr = CertificateRequest::parse_any(cli.read("r.pem")).value();
        EXPECT_TRUE(csr.verify_possession()) << algorithm;
        EXPECT_EQ(format_name(csr.subject), "CN=x,C=DE");
        ASSERT_EQ(csr.requested_extensions.size(), 1U);
        EXPECT_EQ(format_general_name(parse_general_names(csr.requested_extensions[0].value).value().at(0)),
                  "DNS:a.example");
    }
    cli.write("t.cfg", "cn = by certtool\ndns_name = b.example\nchallenge_password = secret\n");
    cli.run(
        "certtool --generate-privkey --key-type rsa --sec-param medium --outfile k.pem && certtool --generate-request "
        "--load-privkey k.pem --template t.cfg --outfile r.pem");
    std::string pem{text_of(cli.read("r.pem"))};
    pem = pem.substr(pem.find("-----BEGIN"));  // certtool writes a description in front
    const auto csr = CertificateRequest::parse_any(view_of(pem)).value();
    EXPECT_TRUE(csr.verify_possession());
    EXPECT_EQ(csr.challenge_password, "secret");
    EXPECT_NE(find_extension(csr.requested_extensions, asn1::oid::kSubjectAltName), nullptr);
}

TEST(Csr, ReadsPssAndAnEmptySubject) {
    OpensslCli cli;
    cli.run(
        "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj / -sigopt rsa_padding_mode:pss -sigopt "
        "rsa_pss_saltlen:32 -outform DER -out r.der");
    const auto csr = CertificateRequest::parse_any(cli.read("r.der")).value();
    EXPECT_TRUE(csr.subject.empty());
    EXPECT_TRUE(csr.verify_possession());
    EXPECT_TRUE(csr.requested_extensions.empty());
    EXPECT_FALSE(csr.challenge_password);
}

TEST(Csr, ASha1SignatureIsUnsupported) {
    OpensslCli cli;
    cli.run("openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=x -sha1 -outform DER -out r.der");
    EXPECT_EQ(CertificateRequest::parse(cli.read("r.der")).value().verify_possession().error().code(),
              ErrorCode::unsupported);
}

TEST(Csr, RefusesEveryCutAndNoNeighbourVerifies) {
    const Bytes sample = request(attribute(asn1::oid::kExtensionRequest, {encode_extensions(test::ca_extensions())}));
    sealwright::test::refuses_every_cut(sample,
                                        [](ByteView der) { return CertificateRequest::parse(der).has_value(); });
    ASSERT_TRUE(CertificateRequest::parse(sample).value().verify_possession());
    std::size_t parsed = 0;
    sealwright::test::flips_every_bit(sample, [&](const Bytes& neighbour, std::size_t bit) {
        const auto csr = CertificateRequest::parse(neighbour);
        if (!csr) return;
        ++parsed;
        EXPECT_FALSE(csr.value().verify_possession()) << "bit " << bit;
    });
    EXPECT_GT(parsed, 500U);
}

// with_parameters is a request whose AlgorithmIdentifier has these parameters behind its OID.
Bytes with_parameters(const TestKey& key, ByteView parameters) {
    const Bytes info = build_certification_request_info(test::name_of("CN=x"), key.spki(), {});
    const Bytes identifier = crypto::algorithm_identifier(key.algorithm());
    asn1::DerReader reader{identifier};
    const auto id = reader.enter(asn1::kSequence).value().oid().value();
    const Bytes signature = key.sign(info);
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.raw(info);
        writer.sequence([&] {
            writer.oid(id);
            writer.raw(parameters);
        });
        writer.bit_string(signature);
    });
    return writer.take();
}

TEST(Csr, ANullBehindEcdsaIsTakenAndNothingElse) {
    const TestKey ec = TestKey::generate(crypto::KeyType::ec_p256);
    const TestKey ed = TestKey::generate(crypto::KeyType::ed25519);
    const Bytes null{0x05, 0x00}, integer{0x02, 0x01, 0x00};
    EXPECT_TRUE(CertificateRequest::parse(with_parameters(ec, {})).value().verify_possession());
    EXPECT_TRUE(CertificateRequest::parse(with_parameters(ec, null)).value().verify_possession());
    EXPECT_EQ(CertificateRequest::parse(with_parameters(ec, integer)).value().verify_possession().error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(CertificateRequest::parse(with_parameters(ed, null)).value().verify_possession().error().code(),
              ErrorCode::unsupported);
}

TEST(Csr, ASignatureByAnotherKeyIsNoPossession) {
    const TestKey key = TestKey::generate(crypto::KeyType::ec_p256);
    const TestKey other = TestKey::generate(crypto::KeyType::ec_p256);
    const Bytes info = build_certification_request_info(test::name_of("CN=x"), key.spki(), {});
    EXPECT_TRUE(CertificateRequest::parse(assemble_csr(info, key.algorithm(), key.sign(info)).view())
                    .value()
                    .verify_possession());
    EXPECT_EQ(CertificateRequest::parse(assemble_csr(info, key.algorithm(), other.sign(info)).view())
                  .value()
                  .verify_possession()
                  .error()
                  .code(),
              ErrorCode::invalid_signature);
}

TEST(Csr, OnlyVersion0) {
    EXPECT_TRUE(parses(request({})));
    EXPECT_EQ(CertificateRequest::parse(request({}, hex("02 01 01"))).error().code(), ErrorCode::unsupported);
    EXPECT_FALSE(parses(request({}, hex("02 02 00 00"))));
    EXPECT_FALSE(parses(request({}, {})));
}

TEST(Csr, AttributesStandOnceAndHaveValues) {
    const Bytes type = hex("2A 03");
    const Bytes null = hex("05 00");
    EXPECT_TRUE(parses(request(attribute(type, {null}))));
    EXPECT_TRUE(parses(request(attribute(type, {null, null})))) << "what we do not know may have two values";
    EXPECT_FALSE(parses(request(attribute(type, {}))));
    EXPECT_FALSE(parses(request(joined({attribute(type, {null}), attribute(type, {null})}))));
    EXPECT_TRUE(parses(request(joined({attribute(type, {null}), attribute(hex("2A 04"), {null})}))));
    EXPECT_TRUE(parses(request(joined({attribute(hex("2A 04"), {null}), attribute(type, {null})}))))
        << "not sorted, as some clients write them";
    EXPECT_FALSE(parses(request(attribute(type, {hex("04 02 00")})))) << "a broken value";
    std::vector<Bytes> many;
    for (std::uint8_t i = 0; i < 33; ++i) many.push_back(attribute(Bytes{0x2A, i}, {null}));
    EXPECT_EQ(CertificateRequest::parse(request(joined(many))).error().code(), ErrorCode::too_large);
    many.pop_back();
    EXPECT_TRUE(parses(request(joined(many))));
}

TEST(Csr, RequestedExtensionsAreOneStrictList) {
    const Bytes list = encode_extensions(test::ca_extensions());
    EXPECT_TRUE(parses(request(attribute(asn1::oid::kExtensionRequest, {list}))));
    EXPECT_FALSE(parses(request(attribute(asn1::oid::kExtensionRequest, {list, list}))));
    EXPECT_FALSE(parses(request(attribute(asn1::oid::kExtensionRequest, {hex("30 00")}))));
    EXPECT_FALSE(parses(request(attribute(asn1::oid::kExtensionRequest, {hex("05 00")}))));
}

TEST(Csr, AChallengePasswordIsAShortString) {
    const auto challenge = [](asn1::Tag tag, std::string_view text) {
        asn1::DerWriter writer;
        writer.primitive(tag, view_of(text));
        return CertificateRequest::parse(request(attribute(asn1::oid::kChallengePassword, {writer.take()})));
    };
    EXPECT_EQ(challenge(asn1::kUtf8String, "p\xc3\xa4ss").value().challenge_password, "p\xc3\xa4ss");
    EXPECT_TRUE(challenge(asn1::kPrintableString, std::string(255, 'x')));
    EXPECT_FALSE(challenge(asn1::kPrintableString, std::string(256, 'x')));
    EXPECT_FALSE(challenge(asn1::kUtf8String, ""));
    EXPECT_FALSE(challenge(asn1::kUtf8String, "\xc0\x80"));
    EXPECT_FALSE(challenge(asn1::kOctetString, "x"));
}

TEST(Csr, TheAttributesElementMustBeThere) {
    // RFC 2986 4.1: attributes is not OPTIONAL.
    const TestKey key = TestKey::generate(crypto::KeyType::ec_p256);
    asn1::DerWriter info;
    info.sequence([&] { info.integer(0).raw(test::name_of("CN=x").view()).raw(key.spki().view()); });
    EXPECT_FALSE(parses(assemble_csr(info.view(), key.algorithm(), key.sign(info.view())).bytes()));
}

TEST(Csr, PemWithEitherLabel) {
    const Bytes der = request({});
    EXPECT_TRUE(CertificateRequest::parse_any(der));
    EXPECT_TRUE(CertificateRequest::parse_any(view_of(encode_pem("CERTIFICATE REQUEST", der))));
    EXPECT_TRUE(CertificateRequest::parse_any(view_of(encode_pem("NEW CERTIFICATE REQUEST", der))));
    EXPECT_FALSE(CertificateRequest::parse_any(view_of(encode_pem("CERTIFICATE", der))));
    EXPECT_FALSE(CertificateRequest::parse_any(
        view_of(encode_pem("CERTIFICATE REQUEST", der) + encode_pem("CERTIFICATE REQUEST", der))));
    EXPECT_FALSE(CertificateRequest::parse_any({}));
    EXPECT_EQ(CertificateRequest::parse_any(Bytes(100000, '0')).error().code(), ErrorCode::too_large);
    EXPECT_EQ(CertificateRequest::parse(Bytes(kMaxCsrSize + 1)).error().code(), ErrorCode::too_large);
}

}  // namespace
}  // namespace sealwright::x509
