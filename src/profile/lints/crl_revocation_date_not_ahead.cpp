// crl_revocation_date_not_ahead.cpp: RFC 5280 5.1.2.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// A revocation that has not happened yet is none.
CrlLint crl_revocation_date_not_ahead() noexcept {
    return {"ca_crl_revocation_date_not_ahead", "RFC 5280 5.1.2.6",
            "The date on which the revocation occurred is specified", nullptr,
            [](const CrlSubject& subject, const CrlEntryView& entry, Details& details) {
                if (entry.revoked_at > subject.view->this_update)
                    details.push_back("the certificate " + to_hex(entry.serial) + " is revoked after thisUpdate");
            }};
}

}  // namespace sealwright::profile::lints
