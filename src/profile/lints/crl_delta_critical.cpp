// crl_delta_critical.cpp: RFC 5280 5.2.4.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_delta_critical() noexcept {
    return {"rfc5280_5_2_4_delta_indicator_critical", "RFC 5280 5.2.4",
            "the delta CRL MUST include a critical delta CRL indicator extension",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kDeltaCrlIndicator);
                if (extension != nullptr && !extension->critical)
                    details.emplace_back("deltaCRLIndicator is not critical");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
