// san_no_empty_names.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint san_no_empty_names() noexcept {
    return {"rfc5280_4_2_1_6_no_empty_names", "RFC 5280 4.2.1.6",
            "conforming CAs MUST NOT issue certificates with subjectAltNames containing empty GeneralName fields",
            [](const CertificateSubject& subject, Details& details) {
                report_names(
                    subject.view->subject_alt_name,
                    [](const GeneralNameView& name) { return is_empty_name(name) ? "is empty" : ""; }, details);
            }};
}

}  // namespace sealwright::profile::lints
