// crl_reason_not_unspecified.cpp: RFC 5280 5.3.1.
#include "profile/lints/crl_entries.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_reason_not_unspecified() noexcept {
    return {
        "rfc5280_5_3_1_unspecified_is_absent", "RFC 5280 5.3.1",
        "the reason code CRL entry extension SHOULD be absent instead of using the unspecified (0) reasonCode value",
        nullptr, [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
            if (reason_of(entry) == std::uint8_t{0})
                details.push_back("the entry of " + to_hex(entry.serial) + " says unspecified");
        }};
}

}  // namespace sealwright::profile::lints
