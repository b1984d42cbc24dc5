// validity_not_after_form.cpp: RFC 5280 4.1.2.5.
#include "profile/lints/lint.hpp"
#include "profile/lints/time_form.hpp"

namespace sealwright::profile::lints {

CertificateLint validity_not_after_form() noexcept {
    return {"rfc5280_4_1_2_5_not_after_form", "RFC 5280 4.1.2.5",
            "certificate validity dates in 2050 or later MUST be encoded as GeneralizedTime",
            [](const CertificateSubject& subject, Details& details) {
                check_time_form("notAfter", subject.tbs.not_after_tag, subject.tbs.not_after, details);
            }};
}

}  // namespace sealwright::profile::lints
