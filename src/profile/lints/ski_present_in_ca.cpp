// ski_present_in_ca.cpp: RFC 5280 4.2.1.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ski_present_in_ca() noexcept {
    return {"rfc5280_4_2_1_2_ski_in_ca", "RFC 5280 4.2.1.2",
            "this extension MUST appear in all conforming CA certificates",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->is_ca() && subject.view->subject_key_identifier == nullptr)
                    details.emplace_back("a CA certificate without subjectKeyIdentifier");
            }};
}

}  // namespace sealwright::profile::lints
