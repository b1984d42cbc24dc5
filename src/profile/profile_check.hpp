// profile_check.hpp: contradictions in a profile, found when it is read: a rule that can never match, usages that
// exclude each other, a CA that may not sign. Internal to this room. Each function reports to the section that it is
// given.
#pragma once

#include "profile/toml_section.hpp"

namespace sealwright::profile {

void check_subject_rule(const SubjectRule& rule, Section& section);
void check_san_rule(const SanRule& rule, Section& section);
// check_key_rule compares with the key rules that the profile has so far, without this one.
void check_key_rule(const KeyRule& rule, const Profile& profile, Section& section);
// check_extra_extension compares with those that the profile has so far, without this one.
void check_extra_extension(const x509::Extension& extension, const Profile& profile, Section& section);
// check_profile looks at the whole.
void check_profile(const Profile& profile, Section& root);

}  // namespace sealwright::profile
