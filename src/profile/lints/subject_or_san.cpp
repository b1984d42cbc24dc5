// subject_or_san.cpp: RFC 5280 4.1.2.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint subject_or_san() noexcept {
    return {"rfc5280_4_1_2_6_subject_or_alt_name", "RFC 5280 4.1.2.6",
            "The subject name MAY be carried in the subject field and/or the subjectAltName extension",
            [](const CertificateSubject& subject, Details& details) {
                const bool authority =
                    subject.view->is_ca() || subject.view->has_usage(x509::kCrlSign);  // those have lints of their own
                if (!authority && subject.tbs.subject.empty() && subject.view->subject_alt_name == nullptr)
                    details.emplace_back("neither subject nor subjectAltName names anybody");
            }};
}

}  // namespace sealwright::profile::lints
