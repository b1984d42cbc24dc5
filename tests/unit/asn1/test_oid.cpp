#include <gtest/gtest.h>
#include <openssl/objects.h>

#include <memory>

#include "asn1/oid.hpp"
#include "tests/support/malformed.hpp"

namespace sealwright::asn1 {
namespace {

struct Expected {
    ByteView content;
    const char* dotted;
    const char* name;
};

const std::vector<Expected>& expected() {
    using namespace oid;
    static const std::vector<Expected> all{
        {kCommonName, "2.5.4.3", "id-at-commonName"},
        {kSurname, "2.5.4.4", "id-at-surname"},
        {kSerialNumber, "2.5.4.5", "id-at-serialNumber"},
        {kCountryName, "2.5.4.6", "id-at-countryName"},
        {kLocalityName, "2.5.4.7", "id-at-localityName"},
        {kStateOrProvinceName, "2.5.4.8", "id-at-stateOrProvinceName"},
        {kStreetAddress, "2.5.4.9", "id-at-streetAddress"},
        {kOrganizationName, "2.5.4.10", "id-at-organizationName"},
        {kOrganizationalUnitName, "2.5.4.11", "id-at-organizationalUnitName"},
        {kTitle, "2.5.4.12", "id-at-title"},
        {kPostalCode, "2.5.4.17", "id-at-postalCode"},
        {kGivenName, "2.5.4.42", "id-at-givenName"},
        {kInitials, "2.5.4.43", "id-at-initials"},
        {kGenerationQualifier, "2.5.4.44", "id-at-generationQualifier"},
        {kDnQualifier, "2.5.4.46", "id-at-dnQualifier"},
        {kPseudonym, "2.5.4.65", "id-at-pseudonym"},
        {kOrganizationIdentifier, "2.5.4.97", "id-at-organizationIdentifier"},
        {kEmailAddress, "1.2.840.113549.1.9.1", "id-emailAddress"},
        {kDomainComponent, "0.9.2342.19200300.100.1.25", "id-domainComponent"},
        {kUserId, "0.9.2342.19200300.100.1.1", "id-userId"},
        {kSubjectDirectoryAttributes, "2.5.29.9", "id-ce-subjectDirectoryAttributes"},
        {kSubjectKeyIdentifier, "2.5.29.14", "id-ce-subjectKeyIdentifier"},
        {kKeyUsage, "2.5.29.15", "id-ce-keyUsage"},
        {kSubjectAltName, "2.5.29.17", "id-ce-subjectAltName"},
        {kIssuerAltName, "2.5.29.18", "id-ce-issuerAltName"},
        {kBasicConstraints, "2.5.29.19", "id-ce-basicConstraints"},
        {kCrlNumber, "2.5.29.20", "id-ce-cRLNumber"},
        {kReasonCode, "2.5.29.21", "id-ce-cRLReasons"},
        {kInvalidityDate, "2.5.29.24", "id-ce-invalidityDate"},
        {kDeltaCrlIndicator, "2.5.29.27", "id-ce-deltaCRLIndicator"},
        {kIssuingDistributionPoint, "2.5.29.28", "id-ce-issuingDistributionPoint"},
        {kCertificateIssuer, "2.5.29.29", "id-ce-certificateIssuer"},
        {kNameConstraints, "2.5.29.30", "id-ce-nameConstraints"},
        {kCrlDistributionPoints, "2.5.29.31", "id-ce-cRLDistributionPoints"},
        {kCertificatePolicies, "2.5.29.32", "id-ce-certificatePolicies"},
        {kAnyPolicy, "2.5.29.32.0", "anyPolicy"},
        {kPolicyMappings, "2.5.29.33", "id-ce-policyMappings"},
        {kAuthorityKeyIdentifier, "2.5.29.35", "id-ce-authorityKeyIdentifier"},
        {kPolicyConstraints, "2.5.29.36", "id-ce-policyConstraints"},
        {kExtKeyUsage, "2.5.29.37", "id-ce-extKeyUsage"},
        {kAnyExtendedKeyUsage, "2.5.29.37.0", "anyExtendedKeyUsage"},
        {kFreshestCrl, "2.5.29.46", "id-ce-freshestCRL"},
        {kInhibitAnyPolicy, "2.5.29.54", "id-ce-inhibitAnyPolicy"},
        {kAuthorityInfoAccess, "1.3.6.1.5.5.7.1.1", "id-pe-authorityInfoAccess"},
        {kSubjectInfoAccess, "1.3.6.1.5.5.7.1.11", "id-pe-subjectInfoAccess"},
        {kTlsFeature, "1.3.6.1.5.5.7.1.24", "id-pe-tlsfeature"},
        {kCpsQualifier, "1.3.6.1.5.5.7.2.1", "id-qt-cps"},
        {kUserNoticeQualifier, "1.3.6.1.5.5.7.2.2", "id-qt-unotice"},
        {kServerAuth, "1.3.6.1.5.5.7.3.1", "id-kp-serverAuth"},
        {kClientAuth, "1.3.6.1.5.5.7.3.2", "id-kp-clientAuth"},
        {kCodeSigning, "1.3.6.1.5.5.7.3.3", "id-kp-codeSigning"},
        {kEmailProtection, "1.3.6.1.5.5.7.3.4", "id-kp-emailProtection"},
        {kTimeStamping, "1.3.6.1.5.5.7.3.8", "id-kp-timeStamping"},
        {kOcspSigning, "1.3.6.1.5.5.7.3.9", "id-kp-OCSPSigning"},
        {kPermanentIdentifier, "1.3.6.1.5.5.7.8.3", "id-on-permanentIdentifier"},
        {kHardwareModuleName, "1.3.6.1.5.5.7.8.4", "id-on-hardwareModuleName"},
        {kAdOcsp, "1.3.6.1.5.5.7.48.1", "id-ad-ocsp"},
        {kAdCaIssuers, "1.3.6.1.5.5.7.48.2", "id-ad-caIssuers"},
        {kOcspBasic, "1.3.6.1.5.5.7.48.1.1", "id-pkix-ocsp-basic"},
        {kOcspNonce, "1.3.6.1.5.5.7.48.1.2", "id-pkix-ocsp-nonce"},
        {kOcspNoCheck, "1.3.6.1.5.5.7.48.1.5", "id-pkix-ocsp-nocheck"},
        {kExtensionRequest, "1.2.840.113549.1.9.14", "id-extensionRequest"},
        {kChallengePassword, "1.2.840.113549.1.9.7", "id-challengePassword"},
        {kUpn, "1.3.6.1.4.1.311.20.2.3", "szOID_NT_PRINCIPAL_NAME"},
        {kRsaEncryption, "1.2.840.113549.1.1.1", "rsaEncryption"},
        {kSha1WithRsa, "1.2.840.113549.1.1.5", "sha1WithRSAEncryption"},
        {kMgf1, "1.2.840.113549.1.1.8", "id-mgf1"},
        {kRsaPss, "1.2.840.113549.1.1.10", "id-RSASSA-PSS"},
        {kSha256WithRsa, "1.2.840.113549.1.1.11", "sha256WithRSAEncryption"},
        {kSha384WithRsa, "1.2.840.113549.1.1.12", "sha384WithRSAEncryption"},
        {kSha512WithRsa, "1.2.840.113549.1.1.13", "sha512WithRSAEncryption"},
        {kEcPublicKey, "1.2.840.10045.2.1", "id-ecPublicKey"},
        {kPrime256v1, "1.2.840.10045.3.1.7", "prime256v1"},
        {kSecp384r1, "1.3.132.0.34", "secp384r1"},
        {kSecp521r1, "1.3.132.0.35", "secp521r1"},
        {kEcdsaWithSha256, "1.2.840.10045.4.3.2", "ecdsa-with-SHA256"},
        {kEcdsaWithSha384, "1.2.840.10045.4.3.3", "ecdsa-with-SHA384"},
        {kEcdsaWithSha512, "1.2.840.10045.4.3.4", "ecdsa-with-SHA512"},
        {kEd25519, "1.3.101.112", "id-Ed25519"},
        {kEd448, "1.3.101.113", "id-Ed448"},
        {kSha1, "1.3.14.3.2.26", "id-sha1"},
        {kSha256, "2.16.840.1.101.3.4.2.1", "id-sha256"},
        {kSha384, "2.16.840.1.101.3.4.2.2", "id-sha384"},
        {kSha512, "2.16.840.1.101.3.4.2.3", "id-sha512"},
    };
    return all;
}

// octets_by_openssl encodes a dotted identifier by OpenSSL.
Bytes octets_by_openssl(const char* dotted) {
    const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> object{OBJ_txt2obj(dotted, 1), ASN1_OBJECT_free};
    return Bytes(OBJ_get0_data(object.get()), OBJ_get0_data(object.get()) + OBJ_length(object.get()));
}

TEST(Oid, EveryConstantIsWhatItsStandardSays) {
    for (const Expected& entry : expected()) {
        EXPECT_EQ(format_oid(entry.content), entry.dotted) << entry.name;
        EXPECT_EQ(oid_name(entry.content), entry.name);
        EXPECT_EQ(parse_oid(entry.dotted).value(), bytes_of(entry.content)) << entry.name;
        EXPECT_EQ(octets_by_openssl(entry.dotted), bytes_of(entry.content)) << entry.name;
    }
}

TEST(Oid, LargeArcsGoThereAndBack) {
    for (const auto* dotted : {"2.999.1", "2.25.18446744073709551535", "1.39.16383.16384", "0.0", "2.0", "2.39.128"}) {
        EXPECT_EQ(format_oid(parse_oid(dotted).value()), dotted);
        EXPECT_EQ(octets_by_openssl(dotted), parse_oid(dotted).value()) << dotted;
    }
}

TEST(Oid, RefusesBrokenDottedForms) {
    for (const auto* text : {"", "1", "1.", ".1", "1..2", "3.1", "1.40", "0.40", "1.2.", "1.2.03", "1.2.-3", "1.2.a",
                             " 1.2", "1.2 ", "01.2", "1.2.99999999999999999999999"}) {
        EXPECT_FALSE(parse_oid(text)) << text;
    }
    std::string long_one = "1.2";
    for (int i = 0; i < 200; ++i) long_one += ".1";
    EXPECT_EQ(parse_oid(long_one).error().code(), ErrorCode::too_large);
}

TEST(Oid, SaysInvalidOfBrokenContent) {
    for (const auto* content : {"", "80", "55 80 01", "2A 86", "2A FF FF FF FF FF FF FF FF FF FF 7F"}) {
        EXPECT_EQ(format_oid(test::hex(content)), "invalid") << content;
    }
}

}  // namespace
}  // namespace sealwright::asn1
