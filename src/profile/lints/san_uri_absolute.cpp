// san_uri_absolute.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint san_uri_absolute() noexcept {
    return {"rfc5280_4_2_1_6_uri_absolute", "RFC 5280 4.2.1.6",
            "The name MUST NOT be a relative URI, and it MUST follow the URI syntax and encoding rules specified in "
            "[RFC3986]",
            [](const CertificateSubject& subject, Details& details) {
                report_names(
                    subject.view->subject_alt_name, [](const GeneralNameView& name) { return uri_problem(name); },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
