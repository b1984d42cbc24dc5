// policy_mapping.hpp: the pairs of policyMappings (RFC 5280 4.2.1.5).
#pragma once

#include "profile/lints/decode.hpp"

namespace sealwright::profile::lints {

// each_mapping visits (issuerDomainPolicy, subjectDomainPolicy); false if the extension is there and not well-formed,
// or empty.
template <class Visit>
bool each_mapping(const x509::Extension* extension, Visit&& visit) {
    if (extension == nullptr) return true;
    const auto content = sequence_content(extension->value);
    if (!content || content->empty()) return false;
    asn1::DerReader reader{*content};
    while (!reader.at_end()) {
        auto pair = reader.enter(asn1::kSequence);
        if (!pair) return false;
        const auto from = pair.value().oid();
        const auto to = pair.value().oid();
        if (!from || !to || !pair.value().at_end()) return false;
        visit(from.value(), to.value());
    }
    return true;
}

}  // namespace sealwright::profile::lints
