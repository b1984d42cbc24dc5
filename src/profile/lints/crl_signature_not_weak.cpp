// crl_signature_not_weak.cpp: NIST SP 800-131A Rev. 2, table 8.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_signature_not_weak() noexcept {
    return {
        "ca_crl_signature_digest_not_broken", "NIST SP 800-131A Rev. 2, table 8",
        "SHA-1: Disallowed, except where specifically allowed by NIST protocol-specific guidance",
        [](const CrlSubject& subject, Details& details) { check_not_weak(subject.view->signature_algorithm, details); },
        nullptr};
}

}  // namespace sealwright::profile::lints
