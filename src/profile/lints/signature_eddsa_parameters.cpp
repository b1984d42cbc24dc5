// signature_eddsa_parameters.cpp: RFC 8410 3.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_eddsa_parameters() noexcept {
    return {"rfc8410_3_eddsa_signature_parameters", "RFC 8410 3", "the parameters MUST be absent",
            [](const CertificateSubject& subject, Details& details) {
                check_parameters(subject.tbs.signature_algorithm, SignatureFamily::eddsa, details);
            }};
}

}  // namespace sealwright::profile::lints
