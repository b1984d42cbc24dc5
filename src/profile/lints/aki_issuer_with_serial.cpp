// aki_issuer_with_serial.cpp: RFC 5280 appendix A.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint aki_issuer_with_serial() noexcept {
    return {"rfc5280_a_2_aki_issuer_with_serial", "RFC 5280 appendix A.2",
            "authorityCertIssuer and authorityCertSerialNumber MUST both be present or both be absent",
            [](const CertificateSubject& subject, Details& details) {
                const auto& authority = subject.view->authority_key;
                if (authority && authority->has_issuer != authority->has_serial)
                    details.emplace_back("authorityCertIssuer and authorityCertSerialNumber do not stand together");
            }};
}

}  // namespace sealwright::profile::lints
