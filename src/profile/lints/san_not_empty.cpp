// san_not_empty.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint san_not_empty() noexcept {
    return {"rfc5280_4_2_1_6_alt_name_not_empty", "RFC 5280 4.2.1.6",
            "If the subjectAltName extension is present, the sequence MUST contain at least one entry",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->subject_alt_name;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (content && content->empty()) details.emplace_back("subjectAltName has no entry");
            }};
}

}  // namespace sealwright::profile::lints
