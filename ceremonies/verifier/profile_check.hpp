// profile_check.hpp: holds a certificate against the profile that the script names: what it must carry, and nothing
// else.
#pragma once

#include "base/clock.hpp"
#include "ceremonies/verifier/profile_reading.hpp"
#include "x509/certificate.hpp"

namespace sealwright::verifier {

struct ProfileQuestion {
    const ProfileReading& profile;
    std::vector<std::string> names;             // the list of the bindings that the step names
    bool rehearsal = false;                     // then the subject has a unit REHEARSAL before its last attribute
    UtcTime earliest{}, latest{};               // the time of signing lies between these
    const x509::Certificate* issuer = nullptr;  // none: self-signed
    crypto::KeyType issuer_key_type{};
};

// differences says in what the certificate is not what the profile makes; empty where it is.
std::vector<std::string> differences(const x509::Certificate& certificate, const ProfileQuestion& question);

}  // namespace sealwright::verifier
