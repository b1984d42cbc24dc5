// subject_directory_string.cpp: RFC 5280 4.1.2.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

namespace {

// The exceptions of the clause are for names established by certificates of old; we establish none that way.
bool is_directory_string(ByteView type) {
    for (const ByteView known :
         {oid::kCommonName, oid::kSurname, oid::kLocalityName, oid::kStateOrProvinceName, oid::kStreetAddress,
          oid::kOrganizationName, oid::kOrganizationalUnitName, oid::kTitle, oid::kGivenName, oid::kPostalCode,
          oid::kOrganizationIdentifier, oid::kPseudonym, oid::kInitials, oid::kGenerationQualifier, oid::kUserId}) {
        if (equal(type, known)) return true;
    }
    return false;
}

bool is_backward_compatible(std::uint8_t tag) {
    return tag == asn1::kTeletexString || tag == asn1::kBmpString || tag == asn1::kUniversalString;
}

}  // namespace

CertificateLint subject_directory_string() noexcept {
    return {
        "rfc5280_4_1_2_6_directory_string", "RFC 5280 4.1.2.6",
        "conforming CAs MUST use PrintableString or UTF8String encoding",
        [](const CertificateSubject& subject, Details& details) {
            each_attribute(subject.tbs.subject, [&](const x509::Attribute& attribute) {
                const bool modern = attribute.tag == asn1::kPrintableString || attribute.tag == asn1::kUtf8String;
                const bool wrong =
                    is_directory_string(attribute.type) ? !modern : is_backward_compatible(attribute.tag);
                if (wrong)
                    details.push_back(asn1::oid_name(attribute.type) + " is neither PrintableString nor UTF8String");
            });
        }};
}

}  // namespace sealwright::profile::lints
