// crl_next_update_form.cpp: RFC 5280 5.1.2.5.
#include "profile/lints/lint.hpp"
#include "profile/lints/time_form.hpp"

namespace sealwright::profile::lints {

CrlLint crl_next_update_form() noexcept {
    return {"rfc5280_5_1_2_5_next_update_form", "RFC 5280 5.1.2.5",
            "MUST encode nextUpdate as UTCTime for dates through the year 2049",
            [](const CrlSubject& subject, Details& details) {
                if (subject.view->next_update)
                    check_time_form("nextUpdate", subject.view->next_update_tag, *subject.view->next_update, details);
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
