#include "issuance/authority.hpp"

#include "asn1/oid.hpp"
#include "house.hpp"

namespace sealwright::issuance {
namespace {

using ::testing::HasSubstr;

struct AuthorityTest : ::testing::Test {
    test::CertificateSpec issuing() {
        return {.subject = "CN=Test Issuing CA,O=Example",
                .issuer = "CN=Test Root,O=Example",
                .key = ca.authority.key,
                .issuer_key = root_key,
                .serial = SerialNumber{std::array<std::uint8_t, 16>{5}},
                .not_before = kNow - std::chrono::days{1},
                .not_after = kNow + std::chrono::days{1},
                .ca = true,
                .key_usage = x509::kKeyCertSign | x509::kCrlSign,
                .ext_key_usage = {},
                .san = {}};
    }
    test::CertificateSpec ocsp() {
        return {.subject = "CN=OCSP,O=Example",
                .issuer = "CN=Test Issuing CA,O=Example",
                .key = ocsp_key,
                .issuer_key = ca.authority.key,
                .serial = SerialNumber{std::array<std::uint8_t, 16>{6}},
                .not_before = kNow - std::chrono::days{1},
                .not_after = kNow + std::chrono::days{1},
                .ca = false,
                .key_usage = x509::kDigitalSignature,
                .ext_key_usage = {bytes_of(asn1::oid::kOcspSigning)},
                .ocsp_nocheck = true,
                .san = {}};
    }
    ErrorCode check(const test::CertificateSpec& spec) {
        Authority authority = ca.authority;
        authority.certificate = test::certify(ca.signer, spec);
        authority.chain = {authority.certificate, ca.root};
        return code_of(check_authority(authority, kNow));
    }
    ErrorCode check_signer(const test::CertificateSpec& spec) {
        return code_of(check_ocsp_signer(ca.authority, test::certify(ca.signer, spec), kNow));
    }

    test::TestCa ca{kNow};
    crypto::PublicKey root_key = crypto::PublicKey::parse(ca.root.fields().spki.view()).value();
    crypto::PublicKey ocsp_key = ca.signer.add_key(crypto::KeyType::ec_p256);
};

TEST_F(AuthorityTest, AcceptsAnIssuingCaUnderItsRootAndARootAlone) {
    EXPECT_TRUE(check_authority(ca.authority, kNow));
    EXPECT_EQ(check(issuing()), ErrorCode{});
    const Authority root{ca.root, {ca.root}, root_key};
    EXPECT_TRUE(check_authority(root, kNow));
}

TEST_F(AuthorityTest, RefusesWhatCannotSignCertificatesAndCrls) {
    auto spec = issuing();
    spec.ca = false;
    EXPECT_EQ(check(spec), ErrorCode::config);
    spec = issuing();
    spec.key_usage = x509::kKeyCertSign;
    EXPECT_EQ(check(spec), ErrorCode::config);
    spec.key_usage = x509::kCrlSign;
    EXPECT_EQ(check(spec), ErrorCode::config);
}

TEST_F(AuthorityTest, RefusesACertificateForAnotherKey) {
    Authority authority = ca.authority;
    authority.key = ocsp_key;
    EXPECT_EQ(code_of(check_authority(authority, kNow)), ErrorCode::config);
}

TEST_F(AuthorityTest, RefusesOneThatIsNotValidNow) {
    auto spec = issuing();
    spec.not_after = kNow - std::chrono::seconds{1};
    EXPECT_EQ(check(spec), ErrorCode::config);
    spec = issuing();
    spec.not_before = kNow + std::chrono::seconds{1};
    EXPECT_EQ(check(spec), ErrorCode::config);
    EXPECT_EQ(code_of(check_authority(ca.authority, ca.root.fields().not_after + std::chrono::days{1})),
              ErrorCode::config);
}

TEST_F(AuthorityTest, RefusesAChainThatDoesNotLeadToItsRoot) {
    Authority authority = ca.authority;
    authority.chain = {};
    EXPECT_EQ(code_of(check_authority(authority, kNow)), ErrorCode::config);
    authority.chain = {authority.certificate};
    EXPECT_EQ(code_of(check_authority(authority, kNow)), ErrorCode::config);
    authority.chain = {ca.root};
    EXPECT_EQ(code_of(check_authority(authority, kNow)), ErrorCode::config);
    // A root of the same name and another key.
    test::TestCa other{kNow};
    authority.chain = {authority.certificate, other.root};
    EXPECT_EQ(code_of(check_authority(authority, kNow)), ErrorCode::config);
    authority.chain = {authority.certificate, ca.root};
    EXPECT_TRUE(check_authority(authority, kNow));
}

TEST_F(AuthorityTest, AcceptsADelegatedOcspSigner) {
    EXPECT_TRUE(check_ocsp_signer(ca.authority, ca.ocsp_certificate, kNow));
    EXPECT_EQ(check_signer(ocsp()), ErrorCode{});
}

TEST_F(AuthorityTest, RefusesAnOcspSignerThatIsNone) {
    auto spec = ocsp();
    spec.ext_key_usage = {bytes_of(asn1::oid::kServerAuth)};
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
    spec = ocsp();
    spec.ext_key_usage = {};
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
    spec = ocsp();
    spec.key_usage = x509::kKeyEncipherment;
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
    spec = ocsp();
    spec.ocsp_nocheck = false;
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
    spec = ocsp();
    spec.not_after = kNow - std::chrono::seconds{1};
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
    spec = ocsp();
    spec.not_before = kNow + std::chrono::seconds{1};
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
}

TEST_F(AuthorityTest, RefusesAnOcspSignerOfAnotherIssuer) {
    auto spec = ocsp();
    spec.issuer = "CN=Test Root,O=Example";
    spec.issuer_key = root_key;
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
    // The right name over another key's signature.
    spec = ocsp();
    spec.issuer_key = root_key;
    EXPECT_EQ(check_signer(spec), ErrorCode::config);
}

}  // namespace
}  // namespace sealwright::issuance
