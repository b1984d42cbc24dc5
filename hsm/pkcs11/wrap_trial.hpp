// wrap_trial.hpp: whether a token keeps secret what a wrapping key unwraps: tried, not read. Internal to hsm/pkcs11.
#pragma once

#include <string>

#include "hsm/pkcs11/wrap_method.hpp"

namespace sealwright::hsm::pkcs11 {

// TrialKeys are the halves of a wrapping key; of an AES key both are the same.
struct TrialKeys {
    CK_OBJECT_HANDLE wrapping = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE unwrapping = CK_INVALID_HANDLE;
    bool trusted = false;          // CKA_TRUSTED: it also wraps keys that only trusted ones wrap
    std::size_t carrier_size = 0;  // RSA: the octets of its modulus
};

struct Trial {
    CK_RV wrapped = CKR_OK;  // what C_WrapKey answered; CKR_KEY_NEEDED where no key to wrap was made
    // How the wrapped key could be read, or that it was not unwrapped at all; empty where neither, or nothing was
    // wrapped.
    std::string fault;
};

// try_to_read makes a key pair for the session, wraps it and does what somebody would do who has the token, the user's
// PIN and a backup: unwrap it by templates of his own, among them one that agrees with the wrapping key's
// CKA_UNWRAP_TEMPLATE, have an RSA key unwrap the AES key alone, have the wrapping key decrypt. The attributes of a
// wrapping key are the token's word (opencryptoki 3.27 keeps its CKA_UNWRAP_TEMPLATE, and unwraps keys that can be read
// all the same); this is not. On a session of a logged-in user; what it makes goes with it, and is destroyed before.
Trial try_to_read(SessionView session, const WrapMethod& method, const TrialKeys& keys, const MechanismSet& token);

}  // namespace sealwright::hsm::pkcs11
