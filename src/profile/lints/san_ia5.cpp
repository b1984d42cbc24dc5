// san_ia5.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint san_ia5() noexcept {
    return {"rfc5280_4_2_1_6_ia5_names", "RFC 5280 4.2.1.6",
            "the domain name MUST be stored in the dNSName (an IA5String)",
            [](const CertificateSubject& subject, Details& details) {
                report_names(
                    subject.view->subject_alt_name,
                    [](const GeneralNameView& name) {
                        return is_ia5_kind(name) && !is_ia5(name.content) ? "has an octet that is not ASCII" : "";
                    },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
