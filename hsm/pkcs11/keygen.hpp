// keygen.hpp: key pair generation with a full template, never a module's defaults. Internal to hsm/pkcs11.
#pragma once

#include <string>
#include <vector>

#include "hsm/pkcs11/attribute_template.hpp"
#include "hsm/pkcs11/mechanism.hpp"
#include "hsm/pkcs11/objects.hpp"
#include "hsm/pkcs11/token.hpp"

namespace sealwright::hsm::pkcs11 {

struct GeneratedPair {
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    std::vector<std::string> dropped_attributes;
};

// private_template is what the private half of a new key is asked to be, by the spec's evidence template; the order is
// the order of importance: drop_optional takes from the end.
AttributeTemplate private_template(const KeySpec& spec, const Bytes& cka_id, const MechanismSet& token);

// nothing_made looks whether a refused attempt left an object with our CKA_ID, as it must not.
Result<void> nothing_made(SessionView session, const Bytes& cka_id);

// generate_pair makes one key pair on a read/write session of a logged-in user. An attribute that the token does not
// know is left out if it is an optional one (and named); a refused template has made no key, which is looked up before
// the next attempt. Every other failure ends it: nothing that may have made a key is tried again.
Result<GeneratedPair> generate_pair(SessionView session, const KeySpec& spec, const Bytes& cka_id,
                                    const MechanismSet& token);

}  // namespace sealwright::hsm::pkcs11
