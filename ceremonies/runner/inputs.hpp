// inputs.hpp: everything that a ceremony is made from, read once: the script, its bindings, its profiles, and their
// digests. The bytes that were read are the bytes that go into the bundle.
#pragma once

#include "ceremonies/runner/bindings.hpp"
#include "ceremonies/runner/commands.hpp"
#include "profile/profile.hpp"
#include "x509/certificate.hpp"

namespace sealwright::ceremonies {

struct ProfileFile {
    std::string path;  // "profiles/root.toml"
    std::string toml;
    Sha256 sha256;
    std::optional<profile::Profile> profile;  // empty where it could not be read; reported
};

struct Inputs {
    std::string script_toml, bindings_toml;
    Sha256 script_sha256, bindings_sha256;
    Script script;
    Bindings bindings;
    std::vector<ProfileFile> profiles;
    std::map<std::string, x509::Certificate> certificates;  // of earlier ceremonies, by their names in the bindings

    const ProfileFile* profile(std::string_view path) const noexcept;
    bool rehearsal() const noexcept { return bindings.mode == Mode::rehearsal; }
};

// load_inputs fails only if the script or the bindings cannot be read; all else is added to problems. In a rehearsal
// each profile's subject gets an organizational unit REHEARSAL, so that no certificate made in one can pass for
// another.
Result<Inputs> load_inputs(const CeremonyFiles& files, Problems& problems);

}  // namespace sealwright::ceremonies
