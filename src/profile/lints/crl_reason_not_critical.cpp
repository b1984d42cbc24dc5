// crl_reason_not_critical.cpp: RFC 5280 5.3.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_reason_not_critical() noexcept {
    return {"rfc5280_5_3_1_reason_not_critical", "RFC 5280 5.3.1",
            "The reasonCode is a non-critical CRL entry extension", nullptr,
            [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                if (entry.reason && entry.reason->critical)
                    details.push_back("reasonCode of " + to_hex(entry.serial) + " is critical");
            }};
}

}  // namespace sealwright::profile::lints
