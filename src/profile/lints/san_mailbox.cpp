// san_mailbox.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint san_mailbox() noexcept {
    return {"rfc5280_4_2_1_6_mailbox", "RFC 5280 4.2.1.6", "A Mailbox has the form \"Local-part@Domain\"",
            [](const CertificateSubject& subject, Details& details) {
                report_names(
                    subject.view->subject_alt_name, [](const GeneralNameView& name) { return mailbox_problem(name); },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
