// oid.hpp: the object identifiers that the house knows, by the names of their standards, as content octets.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sealwright::asn1 {

// parse_oid turns "2.5.29.15" into content octets; format_oid is the inverse and never fails ("invalid" for broken
// content).
Result<Bytes> parse_oid(std::string_view dotted);
std::string format_oid(ByteView content);

// oid_name is the standard's name of a known identifier ("id-ce-keyUsage"), or its dotted form.
std::string oid_name(ByteView content);

// Each constant is a view of static storage. The table in oid.cpp holds dotted form, octets and name; a test compares
// them.
namespace oid {
extern const ByteView kCommonName, kSurname, kSerialNumber, kCountryName, kLocalityName, kStateOrProvinceName,
    kStreetAddress, kOrganizationName, kOrganizationalUnitName, kTitle, kGivenName, kPostalCode,
    kOrganizationIdentifier, kEmailAddress, kDomainComponent, kUserId, kDnQualifier, kPseudonym, kInitials,
    kGenerationQualifier;
extern const ByteView kSubjectKeyIdentifier, kKeyUsage, kSubjectAltName, kIssuerAltName, kBasicConstraints, kCrlNumber,
    kReasonCode, kInvalidityDate, kDeltaCrlIndicator, kIssuingDistributionPoint, kCertificateIssuer, kNameConstraints,
    kCrlDistributionPoints, kCertificatePolicies, kAnyPolicy, kPolicyMappings, kAuthorityKeyIdentifier,
    kPolicyConstraints, kExtKeyUsage, kAnyExtendedKeyUsage, kFreshestCrl, kInhibitAnyPolicy,
    kSubjectDirectoryAttributes, kAuthorityInfoAccess, kSubjectInfoAccess, kAdOcsp, kAdCaIssuers, kOcspNoCheck,
    kOcspBasic, kOcspNonce, kTlsFeature;
extern const ByteView kServerAuth, kClientAuth, kCodeSigning, kEmailProtection, kTimeStamping, kOcspSigning;
extern const ByteView kCpsQualifier, kUserNoticeQualifier, kExtensionRequest, kChallengePassword, kPermanentIdentifier,
    kHardwareModuleName, kUpn;
extern const ByteView kRsaEncryption, kRsaPss, kMgf1, kSha256WithRsa, kSha384WithRsa, kSha512WithRsa, kSha1WithRsa,
    kEcPublicKey, kPrime256v1, kSecp384r1, kSecp521r1, kEcdsaWithSha256, kEcdsaWithSha384, kEcdsaWithSha512, kEd25519,
    kEd448, kMlDsa44, kMlDsa65, kMlDsa87, kContentType, kMessageDigest, kSha1, kSha256, kSha384, kSha512;
}  // namespace oid

}  // namespace sealwright::asn1
