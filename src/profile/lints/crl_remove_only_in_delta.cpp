// crl_remove_only_in_delta.cpp: RFC 5280 5.3.1.
#include "profile/lints/crl_entries.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_remove_only_in_delta() noexcept {
    return {"rfc5280_5_3_1_remove_only_in_delta", "RFC 5280 5.3.1",
            "The removeFromCRL (8) reasonCode value may only appear in delta CRLs", nullptr,
            [](const CrlSubject& subject, const CrlEntryView& entry, Details& details) {
                const bool delta = subject.view->find(oid::kDeltaCrlIndicator) != nullptr;
                if (!delta && reason_of(entry) == std::uint8_t{8})
                    details.push_back("the entry of " + to_hex(entry.serial) + " says removeFromCRL in a complete CRL");
            }};
}

}  // namespace sealwright::profile::lints
