// signature_ml_dsa_parameters.cpp: RFC 9881 2.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_ml_dsa_parameters() noexcept {
    return {"rfc9881_2_ml_dsa_signature_parameters", "RFC 9881 2", "the parameters component MUST be absent",
            [](const CertificateSubject& subject, Details& details) {
                check_parameters(subject.tbs.signature_algorithm, SignatureFamily::ml_dsa, details);
            }};
}

}  // namespace sealwright::profile::lints
