// crl_revocation_date_form.cpp: RFC 5280 5.1.2.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/time_form.hpp"

namespace sealwright::profile::lints {

CrlLint crl_revocation_date_form() noexcept {
    return {"rfc5280_5_1_2_6_revocation_date_form", "RFC 5280 5.1.2.6",
            "The time for revocationDate MUST be expressed as described in Section 5.1.2.4", nullptr,
            [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                check_time_form("revocationDate", entry.time_tag, entry.revoked_at, details);
            }};
}

}  // namespace sealwright::profile::lints
