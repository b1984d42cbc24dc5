// keygen.hpp: key pair generation with a full template, never a module's defaults. Internal to hsm/pkcs11.
#pragma once

#include <functional>
#include <mutex>
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

// make_object has make try the template, and again without its optional attributes, one by one from the end, as long as
// the token refuses the template. function and what are for the error.
using MakeObject = std::function<CK_RV(CK_ATTRIBUTE* attributes, unsigned long count, CK_OBJECT_HANDLE* made)>;
Result<CK_OBJECT_HANDLE> make_object(AttributeTemplate attributes, std::string_view function, const std::string& what,
                                     const MakeObject& make);
// create_object is make_object by C_CreateObject.
Result<CK_OBJECT_HANDLE> create_object(SessionView session, AttributeTemplate attributes, const std::string& what);

// PairTemplates is what a key pair is asked to be. other_public is the public half in another spelling, for tokens that
// do not know the first.
struct PairTemplates {
    AttributeTemplate of_public, of_private;
    std::optional<AttributeTemplate> other_public;
};

// KeygenMemory is what a token took behind CKR_GENERAL_ERROR, so that the next key of this process is asked for in that
// way first: tpm2-pkcs11 1.9 loses a place in the TPM with each refusal, and has some two dozen. Thread-safe.
class KeygenMemory {
public:
    struct Taken {
        bool bare_public = false;                  // without all that is optional of the public half
        std::vector<std::string> of_private = {};  // left out of the private half
        bool operator==(const Taken&) const = default;
    };
    std::optional<Taken> taken() const {
        const std::scoped_lock lock{mutex_};
        return taken_;
    }
    void remember(Taken taken) {
        const std::scoped_lock lock{mutex_};
        taken_ = std::move(taken);
    }

private:
    mutable std::mutex mutex_;
    std::optional<Taken> taken_;
};

// make_key_pair makes one key pair on a read/write session of a logged-in user. Where the token refuses the template,
// optional attributes are left out (and named), such that the private half loses as little as may be: one of the public
// half (not behind CKR_GENERAL_ERROR), all of those, one of the private half, more and more of those from the end. A
// refused template has made no key, and CKR_GENERAL_ERROR, by which some tokens refuse one, only where the token
// afterwards holds as many private keys as before and none with our CKA_ID; that is looked up before each further
// attempt, and an attempt that left something behind is the last (token). Every other failure ends it: nothing that may
// have made a key is tried again.
Result<GeneratedPair> make_key_pair(SessionView session, CK_MECHANISM_TYPE type, const PairTemplates& templates,
                                    const Bytes& cka_id, KeygenMemory& memory);

// generate_pair makes the key pair that a KeySpec asks for, by make_key_pair. unsupported where the token does not make
// keys of its type.
Result<GeneratedPair> generate_pair(SessionView session, const KeySpec& spec, const Bytes& cka_id,
                                    const MechanismSet& token, KeygenMemory& memory);

}  // namespace sealwright::hsm::pkcs11
