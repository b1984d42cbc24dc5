// aia_ocsp_location.cpp: RFC 6960 3.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint aia_ocsp_location() noexcept {
    return {
        "rfc6960_3_1_ocsp_location", "RFC 6960 3.1",
        "a uniformResourceIdentifier (URI) [RFC3986] accessLocation and the OID value id-ad-ocsp for the accessMethod",
        [](const CertificateSubject& subject, Details& details) {
            report_access(
                subject.view->authority_info_access,
                [](const AccessView& access) -> std::string_view {
                    return equal(access.method, oid::kAdOcsp) && access.location.tag != kUri &&
                                   is_well_formed(access.location)
                               ? "is no URI"
                               : "";
                },
                details);
        }};
}

}  // namespace sealwright::profile::lints
