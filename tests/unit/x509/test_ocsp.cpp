#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include <memory>

#include "asn1/der_writer.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/unit/x509/authority.hpp"
#include "x509/ocsp.hpp"

namespace sealwright::x509 {
namespace {

using sealwright::test::hex;
using sealwright::test::OpensslCli;
using test::at;

// Site is a CA with a delegated OCSP signer and a leaf, in files for OpenSSL.
class Ocsp : public testing::Test {
protected:
    Ocsp()
        : root_(test::issue({.subject = "CN=ca", .extensions = test::ca_extensions()})),
          signer_(
              test::issue({.subject = "CN=ocsp",
                           .extensions = {test::extension(asn1::oid::kExtKeyUsage, false,
                                                          encode_ext_key_usage({bytes_of(asn1::oid::kOcspSigning)}))}},
                          &root_)),
          leaf_(test::issue({}, &root_)) {
        cli_.write("ca.pem", encode_pem("CERTIFICATE", root_.certificate.der().view()));
        cli_.write("leaf.pem", encode_pem("CERTIFICATE", leaf_.certificate.der().view()));
    }

    // asked is the request that OpenSSL makes for the leaf.
    Bytes asked(const std::string& options = "") {
        cli_.run("openssl ocsp -issuer ca.pem -cert leaf.pem -reqout q.der " + options);
        return cli_.read("q.der");
    }

    OcspResponseFields answer(const OcspRequest& request, OcspCertStatus status) const {
        return {
            .responder_key_hash = crypto::digest(crypto::DigestAlgorithm::sha1, signer_.key.public_key().public_bits()),
            .produced_at = at("2026-11-22T00:00:00Z"),
            .responses = {{request.cert_ids.at(0).encoding, status, at("2026-11-22T00:00:00Z"),
                           at("2026-11-29T00:00:00Z")}},
            .nonce = request.nonce};
    }

    Bytes signed_response(const OcspResponseFields& fields) const {
        const Bytes data = build_response_data(fields);
        return assemble_ocsp_response(data, signer_.key.algorithm(), signer_.key.sign(data), signer_.certificate.der());
    }

    OpensslCli cli_;
    test::Holder root_, signer_, leaf_;
};

TEST_F(Ocsp, ReadsWhatOpensslAsks) {
    const auto request = OcspRequest::parse(asked("-nonce")).value();
    ASSERT_EQ(request.cert_ids.size(), 1U);
    const OcspCertId& id = request.cert_ids[0];
    EXPECT_EQ(id.hash, crypto::DigestAlgorithm::sha1);
    EXPECT_EQ(id.issuer_name_hash, crypto::digest(id.hash, root_.certificate.fields().subject_der.view()));
    EXPECT_EQ(id.issuer_key_hash, crypto::digest(id.hash, root_.key.public_key().public_bits()));
    EXPECT_EQ(id.serial, leaf_.certificate.fields().serial);
    ASSERT_TRUE(request.nonce);
    EXPECT_EQ(request.nonce->size(), 16U);
    EXPECT_FALSE(OcspRequest::parse(asked("-no_nonce")).value().nonce);
    EXPECT_EQ(OcspRequest::parse(asked("-no_nonce -sha256 -cert leaf.pem")).value().cert_ids.size(), 2U);
}

TEST_F(Ocsp, ReadsASignedRequestAndIgnoresItsSignature) {
    cli_.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout rk.pem -subj /CN=requestor -out "
        "rc.pem");
    const Bytes der = asked("-signer rc.pem -signkey rk.pem");
    EXPECT_EQ(OcspRequest::parse(der).value().cert_ids.size(), 1U);
    sealwright::test::refuses_every_cut(der, [](ByteView cut) { return OcspRequest::parse(cut).has_value(); });
}

TEST_F(Ocsp, ARequestIsRefusedInEveryCut) {
    const Bytes der = asked("-nonce");
    sealwright::test::refuses_every_cut(der, [](ByteView cut) { return OcspRequest::parse(cut).has_value(); });
    sealwright::test::flips_every_bit(der, [&](const Bytes& neighbour, std::size_t) {
        const auto request = OcspRequest::parse(neighbour);
        if (request) {
            EXPECT_FALSE(request.value().cert_ids.empty());
        }
    });
}

Bytes request_of(const std::vector<Bytes>& single_requests, const Bytes& before = {}, const Bytes& behind = {}) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] {
            writer.raw(before).sequence([&] {
                for (const Bytes& single : single_requests) writer.raw(single);
            });
            writer.raw(behind);
        });
    });
    return writer.take();
}

Bytes cert_id(const Bytes& algorithm, std::size_t hash_size, const Bytes& serial = hex("02 01 05")) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] {
            writer.raw(algorithm).octet_string(Bytes(hash_size, 1)).octet_string(Bytes(hash_size, 2)).raw(serial);
        });
    });
    return writer.take();
}

const Bytes kSha1 = hex("30 09 06 05 2B0E03021A 05 00");

Bytes nonce_extensions(const Bytes& value) {
    asn1::DerWriter writer;
    const Extensions extensions{test::extension(asn1::oid::kOcspNonce, false, value)};
    writer.constructed(asn1::context_constructed(2), [&] { writer.raw(encode_extensions(extensions)); });
    return writer.take();
}

TEST(OcspRequest, IsStrict) {
    const auto parses = [](const Bytes& der) { return OcspRequest::parse(der).has_value(); };
    EXPECT_TRUE(parses(request_of({cert_id(kSha1, 20)})));
    EXPECT_TRUE(parses(request_of({cert_id(hex("30 07 06 05 2B0E03021A"), 20)}))) << "no parameters";
    EXPECT_FALSE(parses(request_of({cert_id(hex("30 0A 06 05 2B0E03021A 02 01 00"), 20)})));
    EXPECT_FALSE(parses(request_of({cert_id(kSha1, 19)})));
    EXPECT_TRUE(parses(request_of({cert_id(hex("30 0B 06 09 608648016503040201"), 32)})));
    EXPECT_FALSE(parses(request_of({cert_id(hex("30 0B 06 09 608648016503040201"), 20)}))) << "SHA-256 of 20 octets";
    EXPECT_EQ(OcspRequest::parse(request_of({cert_id(hex("30 0C 06 08 2A864886F70D0205 05 00"), 16)})).error().code(),
              ErrorCode::unsupported)
        << "MD5";
    EXPECT_FALSE(parses(request_of({})));
    EXPECT_FALSE(parses(request_of({cert_id(kSha1, 20)}, hex("A0 03 02 01 00")))) << "the default version is encoded";
    EXPECT_TRUE(parses(request_of({cert_id(kSha1, 20)}, hex("A1 03 82 01 61")))) << "a requestor's name";
    EXPECT_FALSE(parses(request_of({cert_id(kSha1, 20)}, hex("A1 02 05 00"))));
    EXPECT_FALSE(parses(request_of({cert_id(kSha1, 20, hex("02 02 00 05"))}))) << "a serial number that is not minimal";
    std::vector<Bytes> many(kMaxOcspSingleRequests, cert_id(kSha1, 20));
    EXPECT_TRUE(parses(request_of(many)));
    many.push_back(many.front());
    EXPECT_EQ(OcspRequest::parse(request_of(many)).error().code(), ErrorCode::too_large);
    EXPECT_EQ(OcspRequest::parse(Bytes(kMaxOcspRequestSize + 1)).error().code(), ErrorCode::too_large);
}

TEST(OcspRequest, ANonceHas1To128Octets) {
    const auto with_nonce = [](const Bytes& value) {
        return OcspRequest::parse(request_of({cert_id(kSha1, 20)}, {}, nonce_extensions(value)));
    };
    const auto wrapped = [](std::size_t size) {
        asn1::DerWriter writer;
        writer.octet_string(Bytes(size, 7));
        return writer.take();
    };
    EXPECT_EQ(with_nonce(wrapped(1)).value().nonce, Bytes{7});
    EXPECT_EQ(with_nonce(wrapped(128)).value().nonce->size(), 128U);
    EXPECT_FALSE(with_nonce(wrapped(0)));
    EXPECT_FALSE(with_nonce(wrapped(129)));
    EXPECT_FALSE(with_nonce(hex("07 07"))) << "no OCTET STRING inside";
}

TEST(OcspRequest, ACriticalExtensionThatWeDoNotKnowIsUnsupported) {
    const auto with_extension = [](bool critical) {
        asn1::DerWriter writer;
        const Extensions extensions{test::extension(hex("2A 03"), critical, hex("05 00"))};
        writer.constructed(asn1::context_constructed(2), [&] { writer.raw(encode_extensions(extensions)); });
        return OcspRequest::parse(request_of({cert_id(kSha1, 20)}, {}, writer.take()));
    };
    EXPECT_TRUE(with_extension(false));
    EXPECT_EQ(with_extension(true).error().code(), ErrorCode::unsupported);
}

// nonces_by_openssl is OCSP_check_nonce: 1 for equal ones, 0 for different ones.
int nonces_by_openssl(const Bytes& request_der, const Bytes& response_der) {
    const unsigned char* at_request = request_der.data();
    const unsigned char* at_response = response_der.data();
    const std::unique_ptr<OCSP_REQUEST, decltype(&OCSP_REQUEST_free)> request{
        d2i_OCSP_REQUEST(nullptr, &at_request, static_cast<long>(request_der.size())), OCSP_REQUEST_free};
    const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response{
        d2i_OCSP_RESPONSE(nullptr, &at_response, static_cast<long>(response_der.size())), OCSP_RESPONSE_free};
    const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic{
        OCSP_response_get1_basic(response.get()), OCSP_BASICRESP_free};
    return OCSP_check_nonce(request.get(), basic.get());
}

TEST_F(Ocsp, OpensslVerifiesWhatIsAnswered) {
    const auto request = OcspRequest::parse(asked("-nonce")).value();
    // Without -no_nonce the program puts a nonce of its own into the request that it reads.
    const std::string verify =
        "openssl ocsp -no_nonce -reqin q.der -respin a.der -CAfile ca.pem -issuer ca.pem -cert leaf.pem -attime "
        "1795305600 -validity_period 100000000";
    const struct {
        OcspCertStatus status;
        const char* expected;
    } cases[] = {{OcspGood{}, "leaf.pem: good"},
                 {OcspRevoked{at("2026-11-20T00:00:00Z"), RevocationReason::key_compromise}, "Reason: keyCompromise"},
                 {OcspRevoked{at("2026-11-20T00:00:00Z"), RevocationReason::unspecified}, "leaf.pem: revoked"},
                 {OcspUnknown{}, "leaf.pem: unknown"}};
    for (const auto& c : cases) {
        cli_.write("a.der", signed_response(answer(request, c.status)));
        cli_.run(verify);
        EXPECT_EQ(nonces_by_openssl(cli_.read("q.der"), cli_.read("a.der")), 1);
        EXPECT_NE(cli_.output().find("Response verify OK"), std::string::npos) << cli_.output();
        EXPECT_NE(cli_.output().find(c.expected), std::string::npos) << cli_.output();
    }
    // The same with another nonce, and signed by the leaf, which is no delegate.
    OcspResponseFields other = answer(request, OcspGood{});
    other.nonce = Bytes(16, 9);
    cli_.write("a.der", signed_response(other));
    EXPECT_EQ(nonces_by_openssl(cli_.read("q.der"), cli_.read("a.der")), 0);
    OcspResponseFields stranger = answer(request, OcspGood{});
    stranger.responder_key_hash = crypto::digest(crypto::DigestAlgorithm::sha1, leaf_.key.public_key().public_bits());
    const Bytes data = build_response_data(stranger);
    cli_.write("a.der",
               assemble_ocsp_response(data, leaf_.key.algorithm(), leaf_.key.sign(data), leaf_.certificate.der()));
    (void)cli_.succeeds(verify);
    EXPECT_EQ(cli_.output().find("Response verify OK"), std::string::npos) << cli_.output();
}

TEST_F(Ocsp, WhatIsAnsweredIsReadBack) {
    const auto request = OcspRequest::parse(asked("-nonce")).value();
    const OcspResponseFields fields =
        answer(request, OcspRevoked{at("2026-11-20T00:00:00Z"), RevocationReason::superseded});
    const Bytes der = signed_response(fields);
    const auto parsed = ParsedOcspResponse::parse(der).value();
    EXPECT_EQ(parsed.status, OcspResponseStatus::successful);
    EXPECT_EQ(build_response_data(parsed.fields), parsed.response_data);
    EXPECT_EQ(parsed.response_data, build_response_data(fields));
    EXPECT_EQ(parsed.fields.nonce, request.nonce);
    const auto& revoked = std::get<OcspRevoked>(parsed.fields.responses.at(0).status);
    EXPECT_EQ(revoked.at, at("2026-11-20T00:00:00Z"));
    EXPECT_EQ(revoked.reason, RevocationReason::superseded);
    ASSERT_EQ(parsed.certificates.size(), 1U);
    EXPECT_EQ(parsed.certificates[0].fingerprint(), signer_.certificate.fingerprint());
    const auto algorithm = crypto::parse_algorithm_identifier(parsed.signature_algorithm).value();
    EXPECT_TRUE(signer_.key.public_key().verify(algorithm, parsed.response_data, parsed.signature));
    sealwright::test::refuses_every_cut(der, [](ByteView cut) { return ParsedOcspResponse::parse(cut).has_value(); });
    std::size_t verified = 0;
    sealwright::test::flips_every_bit(der, [&](const Bytes& neighbour, std::size_t bit) {
        const auto response = ParsedOcspResponse::parse(neighbour);
        if (!response || response.value().signature_algorithm != parsed.signature_algorithm) return;
        if (signer_.key.public_key().verify(algorithm, response.value().response_data, response.value().signature)) {
            ++verified;
            // Only the signer's certificate, which is not signed by this signature, may differ.
            EXPECT_EQ(response.value().response_data, parsed.response_data) << "bit " << bit;
        }
    });
    EXPECT_GT(verified, 0U);
}

TEST_F(Ocsp, ReadsWhatOpensslAnswers) {
    cli_.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout rk.pem -subj /CN=ca -out rc.pem");
    cli_.write(
        "index.txt",
        "R\t270101000000Z\t261101000000Z,keyCompromise\t05\tunknown\t/CN=a\nV\t270101000000Z\t\t06\tunknown\t/CN=b\n");
    cli_.run(
        "openssl ocsp -index index.txt -rsigner rc.pem -rkey rk.pem -CA rc.pem -issuer rc.pem -serial 5 -serial 6 "
        "-serial 7 -resp_key_id -ndays 7 -respout a.der -no_nonce");
    const auto parsed = ParsedOcspResponse::parse(cli_.read("a.der")).value();
    ASSERT_EQ(parsed.fields.responses.size(), 3U);
    EXPECT_EQ(std::get<OcspRevoked>(parsed.fields.responses[0].status).reason, RevocationReason::key_compromise);
    EXPECT_TRUE(std::holds_alternative<OcspGood>(parsed.fields.responses[1].status));
    EXPECT_TRUE(std::holds_alternative<OcspUnknown>(parsed.fields.responses[2].status));
    EXPECT_EQ(build_response_data(parsed.fields), parsed.response_data) << "our encoding of the same is the same";
    cli_.run(
        "openssl ocsp -index index.txt -rsigner rc.pem -rkey rk.pem -CA rc.pem -issuer rc.pem -serial 5 -respout "
        "a.der");
    EXPECT_EQ(ParsedOcspResponse::parse(cli_.read("a.der")).error().code(), ErrorCode::unsupported)
        << "a responder by name";
}

TEST(OcspErrors, AreFiveOctets) {
    EXPECT_EQ(ocsp_error_response(OcspResponseStatus::malformed_request), hex("30 03 0A 01 01"));
    EXPECT_EQ(ocsp_error_response(OcspResponseStatus::unauthorized), hex("30 03 0A 01 06"));
    EXPECT_EQ(ParsedOcspResponse::parse(hex("30 03 0A 01 03")).value().status, OcspResponseStatus::try_later);
    EXPECT_FALSE(ParsedOcspResponse::parse(hex("30 03 0A 01 04"))) << "4 is not used";
    EXPECT_FALSE(ParsedOcspResponse::parse(hex("30 03 0A 01 07")));
    EXPECT_FALSE(ParsedOcspResponse::parse(hex("30 03 0A 01 00"))) << "success without an answer";
    EXPECT_FALSE(ParsedOcspResponse::parse(hex("30 05 0A 01 01 A0 00"))) << "an error with an answer";
}

}  // namespace
}  // namespace sealwright::x509
