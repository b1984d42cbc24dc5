// signature_pss_parameters.cpp: RFC 4055 3.1.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_pss_parameters() noexcept {
    return {"rfc4055_3_1_pss_signature_parameters", "RFC 4055 3.1",
            "the parameters MUST employ the RSASSA-PSS-params syntax",
            [](const CertificateSubject& subject, Details& details) {
                check_parameters(subject.tbs.signature_algorithm, SignatureFamily::rsa_pss, details);
            }};
}

}  // namespace sealwright::profile::lints
