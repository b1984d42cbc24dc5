// nc_not_empty.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_not_empty() noexcept {
    return {"rfc5280_4_2_1_10_name_constraints_not_empty", "RFC 5280 4.2.1.10",
            "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->name_constraints;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (content && content->empty()) details.emplace_back("nameConstraints permits and excludes nothing");
            }};
}

}  // namespace sealwright::profile::lints
