// ku_not_empty.cpp: RFC 5280 4.2.1.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_not_empty() noexcept {
    return {"rfc5280_4_2_1_3_key_usage_not_empty", "RFC 5280 4.2.1.3", "at least one of the bits MUST be set to 1",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->key_usage == x509::KeyUsage{0}) details.emplace_back("keyUsage has no bit set");
            }};
}

}  // namespace sealwright::profile::lints
