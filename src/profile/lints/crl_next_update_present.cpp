// crl_next_update_present.cpp: RFC 5280 5.1.2.5.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_next_update_present() noexcept {
    return {"rfc5280_5_1_2_5_next_update_present", "RFC 5280 5.1.2.5",
            "Conforming CRL issuers MUST include the nextUpdate field in all CRLs",
            [](const CrlSubject& subject, Details& details) {
                if (!subject.view->next_update) details.emplace_back("no nextUpdate");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
