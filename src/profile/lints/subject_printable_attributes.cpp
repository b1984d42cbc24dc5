// subject_printable_attributes.cpp: RFC 5280 appendix A.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

// dnQualifier is X520dnQualifier ::= PrintableString.
CertificateLint subject_printable_attributes() noexcept {
    return {"rfc5280_a_1_printable_attributes", "RFC 5280 appendix A.1",
            "X520SerialNumber ::= PrintableString (SIZE (1..ub-serial-number))",
            [](const CertificateSubject& subject, Details& details) {
                each_attribute(subject.tbs.subject, [&](const x509::Attribute& attribute) {
                    const bool printable =
                        equal(attribute.type, oid::kSerialNumber) || equal(attribute.type, oid::kDnQualifier);
                    const bool other = attribute.tag == asn1::kTeletexString || attribute.tag == asn1::kBmpString ||
                                       attribute.tag == asn1::kUniversalString;
                    if (printable && !other && attribute.tag != asn1::kPrintableString)
                        details.push_back(asn1::oid_name(attribute.type) + " is no PrintableString");
                });
            }};
}

}  // namespace sealwright::profile::lints
