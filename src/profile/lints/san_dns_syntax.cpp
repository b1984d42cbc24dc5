// san_dns_syntax.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

// Section 3.5 of RFC 1034 as modified by section 2.1 of RFC 1123: letters, digits and hyphens; so also no underscore
// and no " ".
CertificateLint san_dns_syntax() noexcept {
    return {
        "rfc5280_4_2_1_6_preferred_name_syntax", "RFC 5280 4.2.1.6",
        "The name MUST be in the \"preferred name syntax\"", [](const CertificateSubject& subject, Details& details) {
            report_names(
                subject.view->subject_alt_name, [](const GeneralNameView& name) { return dns_problem(name); }, details);
        }};
}

}  // namespace sealwright::profile::lints
