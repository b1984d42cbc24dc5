// signature_rsa_parameters.cpp: RFC 4055 5.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_rsa_parameters() noexcept {
    return {"rfc4055_5_rsa_signature_parameters", "RFC 4055 5", "the parameters MUST be NULL",
            [](const CertificateSubject& subject, Details& details) {
                check_parameters(subject.tbs.signature_algorithm, SignatureFamily::rsa_pkcs1, details);
            }};
}

}  // namespace sealwright::profile::lints
