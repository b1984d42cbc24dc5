// subject_ia5_attributes.cpp: RFC 5280 appendix A.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

// DomainComponent ::= IA5String.
CertificateLint subject_ia5_attributes() noexcept {
    return {"rfc5280_a_1_ia5_attributes", "RFC 5280 appendix A.1",
            "EmailAddress ::= IA5String (SIZE (1..ub-emailaddress-length))",
            [](const CertificateSubject& subject, Details& details) {
                each_attribute(subject.tbs.subject, [&](const x509::Attribute& attribute) {
                    const bool ia5 =
                        equal(attribute.type, oid::kEmailAddress) || equal(attribute.type, oid::kDomainComponent);
                    const bool other = attribute.tag == asn1::kTeletexString || attribute.tag == asn1::kBmpString ||
                                       attribute.tag == asn1::kUniversalString;
                    if (ia5 && !other && attribute.tag != asn1::kIa5String)
                        details.push_back(asn1::oid_name(attribute.type) + " is no IA5String");
                });
            }};
}

}  // namespace sealwright::profile::lints
