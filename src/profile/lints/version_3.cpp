// version_3.cpp: RFC 5280 4.1.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint version_3() noexcept {
    return {"rfc5280_4_1_2_1_version_3", "RFC 5280 4.1.2.1",
            "When extensions are used, as expected in this profile, version MUST be 3",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.tbs.version != 3) details.push_back("version is " + std::to_string(subject.tbs.version));
            }};
}

}  // namespace sealwright::profile::lints
