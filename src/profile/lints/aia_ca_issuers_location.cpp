// aia_ca_issuers_location.cpp: RFC 5280 4.2.2.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

// "The semantics of other id-ad-caIssuers accessLocation name forms are not defined": other than URI and directoryName.
CertificateLint aia_ca_issuers_location() noexcept {
    return {"rfc5280_4_2_2_1_ca_issuers_location", "RFC 5280 4.2.2.1",
            "Where the information is available via HTTP or FTP, accessLocation MUST be a uniformResourceIdentifier",
            [](const CertificateSubject& subject, Details& details) {
                report_access(
                    subject.view->authority_info_access,
                    [](const AccessView& access) -> std::string_view {
                        const bool defined = access.location.tag == kUri || access.location.tag == kDirectoryName;
                        return equal(access.method, oid::kAdCaIssuers) && !defined && is_well_formed(access.location)
                                   ? "is neither a URI nor a directoryName"
                                   : "";
                    },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
