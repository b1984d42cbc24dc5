// san_dns_wildcard.cpp: RFC 9525 6.3.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

// RFC 5280 4.2.1.6 leaves wildcards to the applications; they all read them as RFC 9525 does.
CertificateLint san_dns_wildcard() noexcept {
    return {"rfc9525_6_3_wildcard_is_leftmost_label", "RFC 9525 6.3",
            "The wildcard character appears only as the complete content of the left-most label",
            [](const CertificateSubject& subject, Details& details) {
                report_names(
                    subject.view->subject_alt_name, [](const GeneralNameView& name) { return wildcard_problem(name); },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
