// nc_only_in_ca.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_only_in_ca() noexcept {
    return {"rfc5280_4_2_1_10_name_constraints_only_in_ca", "RFC 5280 4.2.1.10",
            "The name constraints extension, which MUST be used only in a CA certificate",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->name_constraints != nullptr && !subject.view->is_ca())
                    details.emplace_back("nameConstraints in the certificate of an end entity");
            }};
}

}  // namespace sealwright::profile::lints
