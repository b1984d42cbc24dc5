// crl_invalidity_date_not_critical.cpp: RFC 5280 5.3.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_invalidity_date_not_critical() noexcept {
    return {"rfc5280_5_3_2_invalidity_date_not_critical", "RFC 5280 5.3.2",
            "The invalidity date is a non-critical CRL entry extension", nullptr,
            [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                if (entry.invalidity_date && entry.invalidity_date->critical)
                    details.push_back("invalidityDate of " + to_hex(entry.serial) + " is critical");
            }};
}

}  // namespace sealwright::profile::lints
