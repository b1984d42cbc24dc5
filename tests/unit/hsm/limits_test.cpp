// Every limit with a TBS that it lets pass and one that differs in that thing alone.
#include "hsm/signer_process/limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "samples.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using namespace samples;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

// refusal is the public detail of a refusal, or "accepted".
std::string refusal(const x509::TbsCertificateFields& fields, const CertificateLimits& limits = certificate_limits(),
                    crypto::SignatureAlgorithm algorithm = kEcdsa256) {
    const auto checked = check_certificate(limits, algorithm, tbs(fields), kNow);
    return checked ? "accepted" : checked.error().public_detail();
}

void add_extension(x509::TbsCertificateFields& fields, ByteView oid, bool critical, Bytes value) {
    fields.extensions.push_back({bytes_of(oid), critical, std::move(value)});
}

// A certificate of a CA, and limits that allow it.
x509::TbsCertificateFields ca_certificate(std::optional<std::uint32_t> path_length) {
    auto fields = certificate();
    fields.extensions.clear();
    add_extension(fields, asn1::oid::kBasicConstraints, true, x509::encode_basic_constraints({true, path_length}));
    add_extension(fields, asn1::oid::kKeyUsage, true, x509::encode_key_usage(x509::kKeyCertSign | x509::kCrlSign));
    return fields;
}
CertificateLimits ca_limits(std::optional<std::uint32_t> max_path_length) {
    auto limits = certificate_limits();
    limits.ca = true;
    limits.max_path_length = max_path_length;
    return limits;
}

TEST(CertificateLimit, AcceptsWhatIsInsideAndRemembersTheSerial) {
    const auto checked = check_certificate(certificate_limits(), kEcdsa256, tbs(certificate()), kNow);
    ASSERT_TRUE(checked) << checked.error().describe();
    EXPECT_EQ(checked.value().serial, Bytes(16, 0x51));
}

TEST(CertificateLimit, RefusesAnotherIssuer) {
    auto fields = certificate();
    fields.issuer = name("CN=Test CA,O=Sealwrighu");
    EXPECT_THAT(refusal(fields), HasSubstr("another issuer"));
}

TEST(CertificateLimit, RefusesAnotherAlgorithmInsideThanWasAskedFor) {
    auto fields = certificate();
    fields.signature_algorithm.digest = crypto::DigestAlgorithm::sha384;
    EXPECT_THAT(refusal(fields), HasSubstr("signature field"));
}

TEST(CertificateLimit, CountsValidityInclusively) {
    auto fields = certificate();
    EXPECT_EQ(refusal(fields), "accepted");
    fields.not_after += seconds{1};
    EXPECT_THAT(refusal(fields), HasSubstr("valid for longer"));
}

TEST(CertificateLimit, BoundsBackdating) {
    auto fields = certificate();
    fields.not_after -= hours{2};
    fields.not_before = kNow - hours{1};
    EXPECT_EQ(refusal(fields), "accepted");
    fields.not_before -= seconds{1};
    EXPECT_THAT(refusal(fields), HasSubstr("in the past"));
}

TEST(CertificateLimit, RefusesAStartInTheFuture) {
    auto fields = certificate();
    fields.not_before = kNow + minutes{10};
    EXPECT_EQ(refusal(fields), "accepted");
    fields.not_before += seconds{1};
    EXPECT_THAT(refusal(fields), HasSubstr("in the future"));
}

TEST(CertificateLimit, RefusesAnEndBeforeTheStartOrNow) {
    auto fields = certificate();
    fields.not_before = kNow - minutes{30};
    fields.not_after = kNow;
    EXPECT_THAT(refusal(fields), HasSubstr("expired"));
    fields.not_after = kNow - minutes{31};
    EXPECT_THAT(refusal(fields), HasSubstr("before notBefore"));
    fields.not_after = kNow + seconds{1};
    EXPECT_EQ(refusal(fields), "accepted");
}

TEST(CertificateLimit, RefusesACaUnlessTheKeyMayCertifyOne) {
    EXPECT_THAT(refusal(ca_certificate(0)), HasSubstr("may not certify CAs"));
    EXPECT_EQ(refusal(ca_certificate(0), ca_limits(std::nullopt)), "accepted");
}

TEST(CertificateLimit, BoundsThePathLength) {
    EXPECT_EQ(refusal(ca_certificate(1), ca_limits(1)), "accepted");
    EXPECT_THAT(refusal(ca_certificate(2), ca_limits(1)), HasSubstr("path length"));
    EXPECT_THAT(refusal(ca_certificate(std::nullopt), ca_limits(1)), HasSubstr("path length"));
    EXPECT_EQ(refusal(ca_certificate(std::nullopt), ca_limits(std::nullopt)), "accepted");
}

TEST(CertificateLimit, RefusesCaUsagesWithoutTheCaBit) {
    for (const auto usage : {x509::kKeyCertSign, x509::kCrlSign}) {
        auto fields = certificate();
        fields.extensions[0].value =
            x509::encode_key_usage(static_cast<x509::KeyUsage>(x509::kDigitalSignature | usage));
        EXPECT_THAT(refusal(fields), HasSubstr("without being a CA's"));
        EXPECT_THAT(refusal(fields, ca_limits(std::nullopt)), HasSubstr("without being a CA's"));
    }
}

TEST(CertificateLimit, RefusesACaWithoutCertSignOrWithUncriticalConstraints) {
    auto fields = ca_certificate(0);
    fields.extensions[1].value = x509::encode_key_usage(x509::kCrlSign);
    EXPECT_THAT(refusal(fields, ca_limits(0)), HasSubstr("without keyCertSign"));
    fields = ca_certificate(0);
    fields.extensions[0].critical = false;
    EXPECT_THAT(refusal(fields, ca_limits(0)), HasSubstr("not critical"));
}

TEST(CertificateLimit, RefusesOcspSignersUnlessTheKeyMayCertifyThem) {
    for (const ByteView purpose : {asn1::oid::kOcspSigning, asn1::oid::kAnyExtendedKeyUsage}) {
        auto fields = certificate();
        add_extension(fields, asn1::oid::kExtKeyUsage, false,
                      x509::encode_ext_key_usage({bytes_of(asn1::oid::kServerAuth), bytes_of(purpose)}));
        EXPECT_THAT(refusal(fields), HasSubstr("OCSP signers"));
        auto limits = certificate_limits();
        limits.ocsp_signing = true;
        EXPECT_EQ(refusal(fields, limits), "accepted");
    }
    auto fields = certificate();
    add_extension(fields, asn1::oid::kExtKeyUsage, false,
                  x509::encode_ext_key_usage({bytes_of(asn1::oid::kServerAuth)}));
    EXPECT_EQ(refusal(fields), "accepted");
}

TEST(CertificateLimit, DemandsTheAuthorityKeyIdentifierWhereOneIsGiven) {
    auto limits = certificate_limits();
    limits.authority_key_identifier = Bytes(20, 9);
    auto fields = certificate();
    EXPECT_THAT(refusal(fields, limits), HasSubstr("is missing"));
    add_extension(fields, asn1::oid::kAuthorityKeyIdentifier, false,
                  x509::encode_authority_key_identifier(Bytes(20, 9)));
    EXPECT_EQ(refusal(fields, limits), "accepted");
    fields.extensions.back().value = x509::encode_authority_key_identifier(Bytes(20, 8));
    EXPECT_THAT(refusal(fields, limits), HasSubstr("another authority key identifier"));
}

// The builder writes only good serial numbers: these are patched into its DER.
TEST(CertificateLimit, RefusesSerialsThatAreNotPositiveOrTooLong) {
    const Bytes good = tbs(certificate());
    const auto with_serial = [&](const Bytes& serial) {
        asn1::DerReader outer{good};
        auto inner = outer.enter(asn1::kSequence).value();
        const auto version = inner.next().value();
        (void)inner.next();
        asn1::DerWriter writer;
        writer.sequence([&] {
            writer.raw(version.encoding).primitive(asn1::kInteger, serial);
            while (!inner.at_end()) writer.raw(inner.next().value().encoding);
        });
        const auto checked = check_certificate(certificate_limits(), kEcdsa256, writer.view(), kNow);
        return checked ? "accepted" : checked.error().public_detail();
    };
    EXPECT_EQ(with_serial(Bytes{1}), "accepted");
    EXPECT_EQ(with_serial(Bytes(20, 0x7f)), "accepted");
    EXPECT_NE(with_serial(Bytes(21, 0x7f)), "accepted");
    EXPECT_NE(with_serial(Bytes{0}), "accepted");
    EXPECT_NE(with_serial(Bytes{0x80}), "accepted");
    EXPECT_NE(with_serial(Bytes{}), "accepted");
}

TEST(CertificateLimit, RefusesWhatIsNoTbsCertificate) {
    Bytes good = tbs(certificate());
    good.push_back(0);
    EXPECT_EQ(check_certificate(certificate_limits(), kEcdsa256, good, kNow).error().code(), ErrorCode::malformed);
    good.resize(good.size() - 2);
    EXPECT_EQ(check_certificate(certificate_limits(), kEcdsa256, good, kNow).error().code(), ErrorCode::malformed);
    EXPECT_EQ(check_certificate(certificate_limits(), kEcdsa256, tbs(crl(), 1), kNow).error().code(),
              ErrorCode::malformed);
}

KeyLimits key_limits() {
    KeyLimits limits;
    limits.id = key().id();
    limits.name = "test";
    limits.algorithms = {kEcdsa256};
    limits.certificate = certificate_limits();
    limits.crl = crl_limits();
    return limits;
}

TEST(KeyLimit, RefusesAPurposeThatTheKeyDoesNotHave) {
    EXPECT_TRUE(check_tbs(key_limits(), key(), Purpose::certificate, kEcdsa256, tbs(certificate()), kNow));
    auto limits = key_limits();
    limits.certificate.reset();
    EXPECT_EQ(check_tbs(limits, key(), Purpose::certificate, kEcdsa256, tbs(certificate()), kNow).error().code(),
              ErrorCode::denied);
    EXPECT_EQ(check_tbs(key_limits(), key(), Purpose::tls, kEcdsa256, Bytes{1}, kNow).error().code(),
              ErrorCode::denied);
}

TEST(KeyLimit, RefusesAnAlgorithmThatTheKeyDoesNotHave) {
    auto other = kEcdsa256;
    other.digest = crypto::DigestAlgorithm::sha384;
    auto fields = certificate();
    fields.signature_algorithm = other;
    EXPECT_EQ(check_tbs(key_limits(), key(), Purpose::certificate, other, tbs(fields), kNow).error().code(),
              ErrorCode::denied);
    auto limits = key_limits();
    limits.algorithms.push_back(other);
    EXPECT_TRUE(check_tbs(limits, key(), Purpose::certificate, other, tbs(fields), kNow));
}

constexpr asn1::Tag kSetOf = 0x31;

// attribute is SEQUENCE { type, SET OF { value } }.
Bytes attribute(ByteView type, ByteView value) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.oid(type).constructed(kSetOf, [&] { writer.raw(value); }); });
    return writer.take();
}

Bytes oid_value(ByteView content) {
    asn1::DerWriter writer;
    writer.oid(content);
    return writer.take();
}

Bytes octets_value(std::size_t size) {
    asn1::DerWriter writer;
    writer.octet_string(Bytes(size, 7));
    return writer.take();
}

const Bytes kData = from_hex("2a864886f70d010701").value();

Bytes set_of(const std::vector<Bytes>& members) {
    asn1::DerWriter writer;
    writer.constructed(kSetOf, [&] {
        for (const auto& member : members) writer.raw(member);
    });
    return writer.take();
}

Bytes signed_attributes() {
    return set_of(
        {attribute(asn1::oid::kContentType, oid_value(kData)), attribute(asn1::oid::kMessageDigest, octets_value(32))});
}

Bytes protected_part(int body = 1, bool with_algorithm = true, std::uint64_t version = 2) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] {
            writer.integer(version);
            for (int i = 0; i < 2; ++i)
                writer.constructed(asn1::context_constructed(4), [&] { writer.raw(issuer().view()); });
            if (with_algorithm)
                writer.constructed(asn1::context_constructed(1),
                                   [&] { writer.raw(crypto::algorithm_identifier(kEcdsa256)); });
            writer.constructed(asn1::context_constructed(4), [&] { writer.octet_string(Bytes(16, 1)); });
        });
        writer.constructed(asn1::context_constructed(static_cast<unsigned>(body)), [&] { writer.sequence([] {}); });
    });
    return writer.take();
}

const CmsLimits kDataAlone{{kData}};

TEST(CmsLimit, TakesSignedAttributesInTheirOrderAlone) {
    EXPECT_TRUE(check_cms(kDataAlone, signed_attributes()));
    const Bytes type = attribute(asn1::oid::kContentType, oid_value(kData));
    const Bytes digest = attribute(asn1::oid::kMessageDigest, octets_value(32));
    EXPECT_FALSE(check_cms(kDataAlone, set_of({digest, type})));
    EXPECT_FALSE(check_cms(kDataAlone, set_of({type})));
    EXPECT_FALSE(check_cms(kDataAlone, set_of({digest})));
    EXPECT_FALSE(check_cms(kDataAlone, set_of({type, type, digest})));
    EXPECT_FALSE(check_cms(kDataAlone, set_of({type, attribute(asn1::oid::kMessageDigest, octets_value(20))})));
    EXPECT_FALSE(check_cms(kDataAlone, set_of({})));
    Bytes longer = signed_attributes();
    longer.push_back(0);
    EXPECT_FALSE(check_cms(kDataAlone, longer));
    Bytes as_sequence = signed_attributes();
    as_sequence[0] = 0x30;
    EXPECT_FALSE(check_cms(kDataAlone, as_sequence));
    Bytes implicit = signed_attributes();
    implicit[0] = 0xA0;
    EXPECT_FALSE(check_cms(kDataAlone, implicit));
}

TEST(CmsLimit, HoldsContentTypesAgainstTheList) {
    EXPECT_TRUE(check_cms(kDataAlone, signed_attributes()));
    EXPECT_EQ(check_cms({}, signed_attributes()).error().code(), ErrorCode::denied);  // none are none
    // A time stamp (id-ct-TSTInfo) is another type.
    const Bytes stamp = from_hex("2a864886f70d0109100104").value();
    const Bytes stamped = set_of(
        {attribute(asn1::oid::kContentType, oid_value(stamp)), attribute(asn1::oid::kMessageDigest, octets_value(32))});
    EXPECT_EQ(check_cms(kDataAlone, stamped).error().code(), ErrorCode::denied);
    EXPECT_TRUE(check_cms({{kData, stamp}}, stamped));
    EXPECT_EQ(check_cms({{bytes_of(asn1::oid::kOcspBasic)}}, signed_attributes()).error().code(), ErrorCode::denied);
}

TEST(CmpLimit, TakesAnswersAndNoRequests) {
    EXPECT_TRUE(check_cmp({}, kEcdsa256, protected_part(1)));
    EXPECT_TRUE(check_cmp({}, kEcdsa256, protected_part(23)));
    EXPECT_EQ(check_cmp({}, kEcdsa256, protected_part(0)).error().code(), ErrorCode::denied);
    EXPECT_TRUE(check_cmp({true}, kEcdsa256, protected_part(0)));
    EXPECT_EQ(check_cmp({}, kEcdsa256, protected_part(20)).error().code(), ErrorCode::denied);  // nested
    EXPECT_TRUE(check_cmp({true}, kEcdsa256, protected_part(20)));
    EXPECT_FALSE(check_cmp({true}, kEcdsa256, protected_part(27)));
    EXPECT_FALSE(check_cmp({}, kEcdsa256, protected_part(1, false)));
    EXPECT_FALSE(check_cmp({}, kEcdsa256, protected_part(1, true, 1)));
    const crypto::SignatureAlgorithm other{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha384};
    EXPECT_EQ(check_cmp({}, other, protected_part(1)).error().code(), ErrorCode::denied);
    Bytes longer = protected_part();
    longer.push_back(0);
    EXPECT_FALSE(check_cmp({}, kEcdsa256, longer));
}

TEST(DecryptLimit, HoldsSchemeAndShapeAgainstTheKey) {
    KeyLimits limits;
    limits.name = "scep";
    limits.decrypt = DecryptLimits{{DecryptScheme::ecdh}};
    const Bytes point(65, 4), longer(66, 4);
    const auto asks = [](DecryptScheme scheme, const Bytes& input) {
        DecryptRequest request;
        request.scheme = scheme;
        request.input = input;
        return request;
    };
    EXPECT_TRUE(check_decrypt(limits, key(), asks(DecryptScheme::ecdh, point)));
    EXPECT_EQ(check_decrypt(limits, key(), asks(DecryptScheme::ecdh, longer)).error().code(), ErrorCode::malformed);
    EXPECT_EQ(check_decrypt(limits, key(), asks(DecryptScheme::rsa_pkcs1, point)).error().code(), ErrorCode::denied);
    limits.decrypt->schemes.push_back(DecryptScheme::rsa_oaep);
    EXPECT_EQ(check_decrypt(limits, key(), asks(DecryptScheme::rsa_oaep, point)).error().code(),
              ErrorCode::unsupported);
    limits.algorithms = {kEcdsa256};
    EXPECT_EQ(check_request(limits, Purpose::decrypt, kEcdsa256).error().code(), ErrorCode::denied);
    limits.decrypt.reset();
    EXPECT_EQ(check_decrypt(limits, key(), asks(DecryptScheme::ecdh, point)).error().code(), ErrorCode::denied);
}

// A TBS of one purpose is never one of another: each is offered to every check.
TEST(KeyLimit, TakesNoTbsForAnotherPurposesTbs) {
    KeyLimits limits = key_limits();
    limits.csr = CsrLimits{};
    limits.ocsp = OcspLimits{kDay * 10, hours{1}};
    limits.checkpoint = CheckpointLimits{"ca.test/audit", {}};
    limits.tls = TlsLimits{};
    Bytes tls(64, 0x20);
    append(tls,
           view_of(std::string{"TLS 1.3, server CertificateVerify"} + std::string(1, '\0') + std::string(32, 'h')));
    x509::OcspResponseFields ocsp;
    ocsp.responder_key_hash = crypto::digest(crypto::DigestAlgorithm::sha1, key().public_bits());
    ocsp.produced_at = kNow;
    asn1::DerWriter id;
    id.sequence([&] {
        id.sequence([&] { id.oid(asn1::oid::kSha1).null(); });
        id.octet_string(Bytes(20, 1)).octet_string(Bytes(20, 2)).integer(5);
    });
    ocsp.responses = {{id.take(), x509::OcspGood{}, kNow, kNow + kDay}};
    limits.cms = kDataAlone;
    limits.cmp = CmpLimits{};
    const std::map<Purpose, Bytes> samples{
        {Purpose::cms, signed_attributes()},
        {Purpose::cmp, protected_part()},
        {Purpose::certificate, tbs(certificate())},
        {Purpose::crl, tbs(crl(), 2)},
        {Purpose::csr, x509::build_certification_request_info(issuer(), key().spki(), {})},
        {Purpose::ocsp, x509::build_response_data(ocsp)},
        {Purpose::checkpoint, bytes_of(view_of("ca.test/audit\n1\n" + to_base64(Bytes(32, 1)) + "\n"))},
        {Purpose::tls, tls},
    };
    for (const auto& [purpose, unused] : samples) {
        for (const auto& [other, sample] : samples) {
            EXPECT_EQ(check_tbs(limits, key(), purpose, kEcdsa256, sample, kNow).has_value(), purpose == other)
                << purpose_name(other) << " as " << purpose_name(purpose);
        }
    }
}

TEST(CsrLimit, RefusesARequestAboutAnotherKey) {
    const Bytes good = x509::build_certification_request_info(issuer(), key().spki(), {});
    EXPECT_TRUE(check_csr(key(), good));
    Bytes other_spki = kSpki;
    other_spki.back() ^= 1;
    EXPECT_EQ(
        check_csr(key(), x509::build_certification_request_info(issuer(), SpkiDer{other_spki}, {})).error().code(),
        ErrorCode::denied);
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(check_csr(key(), longer));
}

class OcspLimit : public ::testing::Test {
protected:
    OcspLimit() {
        asn1::DerWriter id;
        id.sequence([&] {
            id.sequence([&] { id.oid(asn1::oid::kSha1).null(); });
            id.octet_string(Bytes(20, 1)).octet_string(Bytes(20, 2)).integer(5);
        });
        fields_.responder_key_hash = crypto::digest(crypto::DigestAlgorithm::sha1, key().public_bits());
        fields_.produced_at = kNow;
        fields_.responses = {{id.take(), x509::OcspGood{}, kNow, kNow + kDay * 10}};
    }
    std::string refusal() const {
        const auto checked =
            check_ocsp(OcspLimits{kDay * 10, hours{1}}, key(), x509::build_response_data(fields_), kNow);
        return checked ? "accepted" : checked.error().public_detail();
    }
    x509::OcspResponseFields fields_;
};

TEST_F(OcspLimit, AcceptsEachStatusAndANonce) {
    EXPECT_EQ(refusal(), "accepted");
    fields_.responses[0].status = x509::OcspRevoked{kNow - kDay, x509::RevocationReason::superseded};
    fields_.nonce = Bytes(32, 3);
    EXPECT_EQ(refusal(), "accepted");
    fields_.responses[0].status = x509::OcspUnknown{};
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(OcspLimit, RefusesAnotherResponder) {
    fields_.responder_key_hash[0] ^= 1;
    EXPECT_THAT(refusal(), HasSubstr("another responder"));
}

TEST_F(OcspLimit, BoundsProducedAt) {
    fields_.produced_at = kNow + minutes{10};
    EXPECT_EQ(refusal(), "accepted");
    fields_.produced_at += seconds{1};
    EXPECT_THAT(refusal(), HasSubstr("producedAt"));
    fields_.produced_at = kNow - hours{1};
    EXPECT_EQ(refusal(), "accepted");
    fields_.produced_at -= seconds{1};
    EXPECT_THAT(refusal(), HasSubstr("producedAt"));
}

TEST_F(OcspLimit, BoundsEachResponsesTimes) {
    auto& response = fields_.responses[0];
    response.next_update = kNow + kDay * 10 + seconds{1};
    EXPECT_THAT(refusal(), HasSubstr("valid for longer"));
    response.next_update = response.this_update;
    EXPECT_THAT(refusal(), HasSubstr("nextUpdate"));
    response.next_update.reset();
    EXPECT_THAT(refusal(), HasSubstr("nextUpdate is missing"));
    response.next_update = kNow + hours{1};
    response.this_update = kNow + minutes{10} + seconds{1};
    EXPECT_THAT(refusal(), HasSubstr("thisUpdate"));
    response.this_update = kNow - kDay * 10 - seconds{1};
    EXPECT_THAT(refusal(), HasSubstr("thisUpdate"));
    response.this_update = kNow - kDay * 10;
    response.next_update = kNow;
    EXPECT_EQ(refusal(), "accepted");
    response.status = x509::OcspRevoked{kNow + hours{1}, x509::RevocationReason::unspecified};
    EXPECT_THAT(refusal(), HasSubstr("revoked in the future"));
}

TEST_F(OcspLimit, RefusesAResponseAboutNothing) {
    fields_.responses.clear();
    EXPECT_THAT(refusal(), HasSubstr("no response"));
}

std::string checkpoint_refusal(const std::string& text) {
    const auto checked = check_checkpoint(CheckpointLimits{"ca.test/audit", {}}, view_of(text));
    return checked ? "accepted" : checked.error().public_detail();
}

TEST(CheckpointLimit, ReadsOriginSizeAndRoot) {
    const std::string root = to_base64(Bytes(32, 1));
    const auto checked =
        check_checkpoint(CheckpointLimits{"ca.test/audit", {}}, view_of("ca.test/audit\n4711\n" + root + "\n"));
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked.value().size, 4711U);
    EXPECT_EQ(checked.value().root.view()[0], 1);
    EXPECT_EQ(checkpoint_refusal("ca.test/audit\n0\n" + root + "\nextension\n"), "accepted");
}

TEST(CheckpointLimit, RefusesEverythingElse) {
    const std::string root = to_base64(Bytes(32, 1));
    EXPECT_THAT(checkpoint_refusal("ca.test/audis\n1\n" + root + "\n"), HasSubstr("another origin"));
    for (const char* size : {"01", "", "-1", "1 ", "99999999999999999999", "0x1"}) {
        EXPECT_THAT(checkpoint_refusal("ca.test/audit\n" + std::string{size} + "\n" + root + "\n"),
                    HasSubstr("tree size"))
            << size;
    }
    EXPECT_THAT(checkpoint_refusal("ca.test/audit\n1\n" + to_base64(Bytes(31, 1)) + "\n"), HasSubstr("root"));
    EXPECT_NE(checkpoint_refusal("ca.test/audit\n1\n" + root), "accepted");
    // A signed note's text ends at its first empty line: what came behind would pass for signatures.
    EXPECT_THAT(checkpoint_refusal("ca.test/audit\n1\n" + root + "\n\n"), HasSubstr("empty line"));
}

TEST(TlsLimit, AcceptsTheServersContextAlone) {
    const auto content = [](const std::string& context, std::size_t hash) {
        return bytes_of(view_of(std::string(64, ' ') + context + std::string(1, '\0') + std::string(hash, 'h')));
    };
    const std::string server = "TLS 1.3, server CertificateVerify";
    EXPECT_TRUE(check_tls(content(server, 32)));
    EXPECT_TRUE(check_tls(content(server, 48)));
    EXPECT_FALSE(check_tls(content(server, 33)));
    EXPECT_FALSE(check_tls(content(server, 0)));
    EXPECT_FALSE(check_tls(content("TLS 1.3, client CertificateVerify", 32)));
    Bytes one_space_less = content(server, 32);
    one_space_less.erase(one_space_less.begin());
    EXPECT_FALSE(check_tls(one_space_less));
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
