// validity_order.cpp: RFC 5280 4.1.2.5.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint validity_order() noexcept {
    return {"rfc5280_4_1_2_5_validity_order", "RFC 5280 4.1.2.5",
            "the period of time from notBefore through notAfter, inclusive",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.tbs.not_after < subject.tbs.not_before)
                    details.emplace_back("notAfter is before notBefore");
            }};
}

}  // namespace sealwright::profile::lints
