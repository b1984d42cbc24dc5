// subject_upper_bounds.cpp: RFC 5280 appendix A.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

namespace {

struct UpperBound {
    ByteView type;
    std::size_t characters;
};

std::size_t characters_of(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(
        utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::size_t upper_bound_of(ByteView type) {
    const UpperBound bounds[] = {{oid::kCommonName, 64},
                                 {oid::kLocalityName, 128},
                                 {oid::kStateOrProvinceName, 128},
                                 {oid::kOrganizationName, 64},
                                 {oid::kOrganizationalUnitName, 64},
                                 {oid::kTitle, 64},
                                 {oid::kSerialNumber, 64},
                                 {oid::kPseudonym, 128},
                                 {oid::kEmailAddress, 255}};
    for (const auto& bound : bounds) {
        if (equal(bound.type, type)) return bound.characters;
    }
    return 32768;  // ub-name, the widest of the module
}

}  // namespace

CertificateLint subject_upper_bounds() noexcept {
    return {"rfc5280_a_1_upper_bounds", "RFC 5280 appendix A.1", "ub-common-name INTEGER ::= 64",
            [](const CertificateSubject& subject, Details& details) {
                each_attribute(subject.tbs.subject, [&](const x509::Attribute& attribute) {
                    const std::size_t count = characters_of(attribute.value), bound = upper_bound_of(attribute.type);
                    if (count > bound)
                        details.push_back(asn1::oid_name(attribute.type) + " has " + std::to_string(count) +
                                          " characters, at most " + std::to_string(bound) + " are allowed");
                });
            }};
}

}  // namespace sealwright::profile::lints
