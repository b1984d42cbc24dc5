// subject_country.cpp: RFC 5280 appendix A.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint subject_country() noexcept {
    return {"rfc5280_a_1_country_name", "RFC 5280 appendix A.1", "X520countryName ::= PrintableString (SIZE (2))",
            [](const CertificateSubject& subject, Details& details) {
                each_attribute(subject.tbs.subject, [&](const x509::Attribute& attribute) {
                    if (!equal(attribute.type, oid::kCountryName)) return;
                    const bool letters =
                        attribute.value.size() == 2 && std::all_of(attribute.value.begin(), attribute.value.end(),
                                                                   [](char c) { return c >= 'A' && c <= 'Z'; });
                    const bool other = attribute.tag == asn1::kTeletexString || attribute.tag == asn1::kBmpString ||
                                       attribute.tag == asn1::kUniversalString;
                    if (!other && (attribute.tag != asn1::kPrintableString || !letters))
                        details.push_back("the country \"" + attribute.value +
                                          "\" is no PrintableString of two capital letters (ISO 3166)");
                });
            }};
}

}  // namespace sealwright::profile::lints
