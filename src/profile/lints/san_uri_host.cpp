// san_uri_host.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint san_uri_host() noexcept {
    return {"rfc5280_4_2_1_6_uri_host", "RFC 5280 4.2.1.6",
            "URIs that include an authority [...] MUST include a fully qualified domain name or IP address as the host",
            [](const CertificateSubject& subject, Details& details) {
                report_names(
                    subject.view->subject_alt_name, [](const GeneralNameView& name) { return uri_host_problem(name); },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
