// signature_known.cpp: RFC 5280 4.1.1.2.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_known() noexcept {
    return {"ca_signature_algorithm_known", "RFC 5280 4.1.1.2",
            "[RFC3279], [RFC4055], and [RFC4491] list supported signature algorithms",
            [](const CertificateSubject& subject, Details& details) {
                check_known(subject.tbs.signature_algorithm, details);
            }};
}

}  // namespace sealwright::profile::lints
