// san_ip_length.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint san_ip_length() noexcept {
    return {"rfc5280_4_2_1_6_ip_length", "RFC 5280 4.2.1.6",
            "the octet string MUST contain exactly four octets [...] exactly sixteen octets",
            [](const CertificateSubject& subject, Details& details) {
                report_names(
                    subject.view->subject_alt_name, [](const GeneralNameView& name) { return ip_problem(name); },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
