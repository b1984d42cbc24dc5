// subject_email_in_san.cpp: RFC 5280 4.1.2.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"
#include "profile/name_syntax.hpp"

namespace sealwright::profile::lints {

namespace {

bool has_mailbox(const x509::Extension* extension, std::string_view address) {
    bool found = false;
    const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
    if (!content) return false;
    each_general_name(*content, [&](const GeneralNameView& name) {
        // 4.1.2.6: "emailAddress attribute values are not case-sensitive"
        found = found || (name.tag == kRfc822Name && equal_ignoring_case(text_of(name.content), address));
    });
    return found;
}

}  // namespace

CertificateLint subject_email_in_san() noexcept {
    return {"rfc5280_4_1_2_6_email_in_alt_name", "RFC 5280 4.1.2.6",
            "electronic mail addresses MUST use the rfc822Name in the subject alternative name extension",
            [](const CertificateSubject& subject, Details& details) {
                each_attribute(subject.tbs.subject, [&](const x509::Attribute& attribute) {
                    if (!equal(attribute.type, oid::kEmailAddress)) return;
                    if (!has_mailbox(subject.view->subject_alt_name, attribute.value))
                        details.push_back("the subject's emailAddress \"" + attribute.value +
                                          "\" is not in subjectAltName");
                });
            }};
}

}  // namespace sealwright::profile::lints
