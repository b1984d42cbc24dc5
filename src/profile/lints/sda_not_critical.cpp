// sda_not_critical.cpp: RFC 5280 4.2.1.8.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint sda_not_critical() noexcept {
    return {"rfc5280_4_2_1_8_directory_attributes_not_critical", "RFC 5280 4.2.1.8",
            "Conforming CAs MUST mark this extension as non-critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->directory_attributes;
                if (extension != nullptr && extension->critical)
                    details.emplace_back("subjectDirectoryAttributes is critical");
            }};
}

}  // namespace sealwright::profile::lints
