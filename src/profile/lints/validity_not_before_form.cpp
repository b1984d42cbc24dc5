// validity_not_before_form.cpp: RFC 5280 4.1.2.5.
#include "profile/lints/lint.hpp"
#include "profile/lints/time_form.hpp"

namespace sealwright::profile::lints {

CertificateLint validity_not_before_form() noexcept {
    return {"rfc5280_4_1_2_5_not_before_form", "RFC 5280 4.1.2.5",
            "MUST always encode certificate validity dates through the year 2049 as UTCTime",
            [](const CertificateSubject& subject, Details& details) {
                check_time_form("notBefore", subject.tbs.not_before_tag, subject.tbs.not_before, details);
            }};
}

}  // namespace sealwright::profile::lints
