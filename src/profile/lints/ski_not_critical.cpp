// ski_not_critical.cpp: RFC 5280 4.2.1.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ski_not_critical() noexcept {
    return {"rfc5280_4_2_1_2_ski_not_critical", "RFC 5280 4.2.1.2",
            "Conforming CAs MUST mark this extension as non-critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->subject_key_identifier;
                if (extension != nullptr && extension->critical)
                    details.emplace_back("subjectKeyIdentifier is critical");
            }};
}

}  // namespace sealwright::profile::lints
