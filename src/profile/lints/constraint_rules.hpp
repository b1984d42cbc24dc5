// constraint_rules.hpp: the forms that names take in nameConstraints (RFC 5280 4.2.1.10).
#pragma once

#include "profile/lints/decode.hpp"

namespace sealwright::profile::lints {

// each_constraint visits every subtree, permitted and excluded.
template <class Visit>
void each_constraint(const x509::Extension* extension, Visit&& visit) {
    const auto constraints = extension == nullptr ? std::nullopt : decode_name_constraints(extension->value);
    if (!constraints) return;
    if (constraints->permitted) each_subtree(*constraints->permitted, visit);
    if (constraints->excluded) each_subtree(*constraints->excluded, visit);
}

// are_well_formed_constraints lets an empty sequence and minimum and maximum pass: other lints look for those.
bool are_well_formed_constraints(ByteView value);
// is_address_range: address and mask of 4 or 16 octets each, the mask ones and then zeros, no address bit behind it.
bool is_address_range(ByteView content) noexcept;
// is_host_or_domain: a DNS name, or one behind a period.
bool is_host_or_domain(ByteView content) noexcept;

}  // namespace sealwright::profile::lints
