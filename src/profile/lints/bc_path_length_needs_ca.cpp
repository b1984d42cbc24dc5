// bc_path_length_needs_ca.cpp: RFC 5280 4.2.1.9.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint bc_path_length_needs_ca() noexcept {
    return {"rfc5280_4_2_1_9_path_length_needs_ca", "RFC 5280 4.2.1.9",
            "CAs MUST NOT include the pathLenConstraint field unless the cA boolean is asserted",
            [](const CertificateSubject& subject, Details& details) {
                const auto& basic = subject.view->basic;
                if (basic && basic->path_length && !basic->ca) details.emplace_back("pathLenConstraint without cA");
            }};
}

}  // namespace sealwright::profile::lints
