// attestation_section.hpp: the section [attestation] read and held against the rest of its profile. Internal to this
// room.
#pragma once

#include "profile/toml_section.hpp"

namespace sealwright::profile {

std::optional<AttestationRule> read_attestation(Section& root);
void check_attestation(const Profile& profile, Section& root);

}  // namespace sealwright::profile
