// subject_no_control_characters.cpp: house rule.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

namespace {

// A name with a line break or an escape sequence in it is one that its readers can be deceived with.
bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

CertificateLint subject_no_control_characters() noexcept {
    return {"ca_subject_no_control_characters", "house rule", "a name that its readers can see and compare",
            [](const CertificateSubject& subject, Details& details) {
                each_attribute(subject.tbs.subject, [&](const x509::Attribute& attribute) {
                    if (has_control(attribute.value))
                        details.push_back(asn1::oid_name(attribute.type) + " has a control character");
                });
            }};
}

}  // namespace sealwright::profile::lints
