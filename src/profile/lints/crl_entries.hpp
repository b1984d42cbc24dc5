// crl_entries.hpp: the entries of a CRL, for lints that need them all at once, and the reason of one.
#pragma once

#include "profile/lints/crl_view.hpp"

namespace sealwright::profile::lints {

template <class Visit>
void each_crl_entry(const CrlView& view, Visit&& visit) {
    if (!view.revoked) return;
    asn1::DerReader reader{*view.revoked};
    while (!reader.at_end()) {
        const auto element = reader.expect(asn1::kSequence);
        const auto entry = element ? decode_crl_entry(element.value().content) : std::nullopt;
        if (!entry) return;
        visit(*entry);
    }
}

// reason_of is the value of an entry's CRLReason, if it is an ENUMERATED of one octet.
inline std::optional<std::uint8_t> reason_of(const CrlEntryView& entry) {
    if (!entry.reason) return {};
    const auto element = asn1::the_only(entry.reason->value, asn1::kEnumerated);
    if (!element || element.value().content.size() != 1) return {};
    return element.value().content[0];
}

}  // namespace sealwright::profile::lints
