// crl_update_order.cpp: RFC 5280 5.1.2.5.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_update_order() noexcept {
    return {"rfc5280_5_1_2_5_update_order", "RFC 5280 5.1.2.5",
            "the date by which the next CRL will be issued. The next CRL could be issued before the indicated date",
            [](const CrlSubject& subject, Details& details) {
                if (subject.view->next_update && *subject.view->next_update <= subject.view->this_update)
                    details.emplace_back("nextUpdate is not after thisUpdate");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
