// issuer_not_empty.cpp: RFC 5280 4.1.2.4.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint issuer_not_empty() noexcept {
    return {"rfc5280_4_1_2_4_issuer_not_empty", "RFC 5280 4.1.2.4",
            "The issuer field MUST contain a non-empty distinguished name (DN)",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.tbs.issuer.empty()) details.emplace_back("the issuer is an empty name");
            }};
}

}  // namespace sealwright::profile::lints
