// crl_reason_known.cpp: RFC 5280 5.3.1.
#include "profile/lints/crl_entries.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_reason_known() noexcept {
    return {"rfc5280_5_3_1_reason_known", "RFC 5280 5.3.1", "value 7 is not used", nullptr,
            [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                if (!entry.reason) return;
                const auto reason = reason_of(entry);
                if (!reason || *reason > 10 || *reason == 7)
                    details.push_back("the entry of " + to_hex(entry.serial) + " has no CRLReason");
            }};
}

}  // namespace sealwright::profile::lints
