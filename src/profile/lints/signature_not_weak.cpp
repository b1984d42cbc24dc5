// signature_not_weak.cpp: NIST SP 800-131A Rev. 2, table 8.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint signature_not_weak() noexcept {
    return {"ca_signature_digest_not_broken", "NIST SP 800-131A Rev. 2, table 8",
            "SHA-1: Disallowed, except where specifically allowed by NIST protocol-specific guidance",
            [](const CertificateSubject& subject, Details& details) {
                check_not_weak(subject.tbs.signature_algorithm, details);
            }};
}

}  // namespace sealwright::profile::lints
