// signature_ecdsa_parameters.cpp: RFC 5758 3.2.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_ecdsa_parameters() noexcept {
    return {"rfc5758_3_2_ecdsa_signature_parameters", "RFC 5758 3.2", "the encoding MUST omit the parameters field",
            [](const CertificateSubject& subject, Details& details) {
                check_parameters(subject.tbs.signature_algorithm, SignatureFamily::ecdsa, details);
            }};
}

}  // namespace sealwright::profile::lints
