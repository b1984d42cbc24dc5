// crl_this_update_form.cpp: RFC 5280 5.1.2.4.
#include "profile/lints/lint.hpp"
#include "profile/lints/time_form.hpp"

namespace sealwright::profile::lints {

CrlLint crl_this_update_form() noexcept {
    return {"rfc5280_5_1_2_4_this_update_form", "RFC 5280 5.1.2.4",
            "MUST encode thisUpdate as UTCTime for dates through the year 2049",
            [](const CrlSubject& subject, Details& details) {
                check_time_form("thisUpdate", subject.view->this_update_tag, subject.view->this_update, details);
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
