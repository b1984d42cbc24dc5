// aki_key_identifier.cpp: RFC 5280 4.2.1.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint aki_key_identifier() noexcept {
    return {"rfc5280_4_2_1_1_aki_key_identifier", "RFC 5280 4.2.1.1",
            "The keyIdentifier field of the authorityKeyIdentifier extension MUST be included",
            [](const CertificateSubject& subject, Details& details) {
                const auto& authority = subject.view->authority_key;
                if (authority && !authority->key_identifier)
                    details.emplace_back("authorityKeyIdentifier has no keyIdentifier");
            }};
}

}  // namespace sealwright::profile::lints
