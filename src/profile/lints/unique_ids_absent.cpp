// unique_ids_absent.cpp: RFC 5280 4.1.2.8.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint unique_ids_absent() noexcept {
    return {"rfc5280_4_1_2_8_no_unique_identifiers", "RFC 5280 4.1.2.8",
            "CAs conforming to this profile MUST NOT generate certificates with unique identifiers",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.tbs.has_unique_ids) details.emplace_back("issuerUniqueID or subjectUniqueID is there");
            }};
}

}  // namespace sealwright::profile::lints
