// sda_syntax.cpp: RFC 5280 4.2.1.8.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

bool are_attributes(ByteView value) {
    const auto content = sequence_content(value);
    if (!content || content->empty()) return false;
    asn1::DerReader reader{*content};
    while (!reader.at_end()) {
        auto attribute = reader.enter(asn1::kSequence);
        if (!attribute || !attribute.value().oid()) return false;
        const auto values = attribute.value().expect(asn1::kSet);
        if (!values || values.value().content.empty() || !attribute.value().at_end()) return false;
    }
    return true;
}

}  // namespace

CertificateLint sda_syntax() noexcept {
    return {"rfc5280_4_2_1_8_directory_attributes_syntax", "RFC 5280 4.2.1.8",
            "SubjectDirectoryAttributes ::= SEQUENCE SIZE (1..MAX) OF Attribute",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->directory_attributes;
                if (extension != nullptr && !are_attributes(extension->value))
                    details.emplace_back("subjectDirectoryAttributes is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
