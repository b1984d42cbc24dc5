// crl_entry_extensions_not_empty.cpp: RFC 5280 4.1 and 5.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_entry_extensions_not_empty() noexcept {
    return {"rfc5280_5_1_entry_extensions_not_empty", "RFC 5280 4.1 and 5.1",
            "Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension", nullptr,
            [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                if (entry.extensions && entry.extensions->empty())
                    details.push_back("the entry of " + to_hex(entry.serial) + " has an empty list of extensions");
            }};
}

}  // namespace sealwright::profile::lints
