// objects.hpp: finding objects in a token and reading their attributes, one at a time. Internal to hsm/pkcs11.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "crypto/spki.hpp"
#include "hsm/pkcs11/cryptoki.hpp"

namespace sealwright::hsm::pkcs11 {

// SessionView is a session to make calls on; it owns nothing.
struct SessionView {
    const CK_FUNCTION_LIST* functions = nullptr;
    CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
};

// AttributeReading is one attribute as the token gave it. Absent (no value) says why in rv.
struct AttributeReading {
    std::optional<Bytes> value;
    CK_RV rv = CKR_OK;
};

inline constexpr std::size_t kMaxAttributeSize = 65536;

// read_attribute asks for length, then value. An attribute over kMaxAttributeSize reads as absent.
AttributeReading read_attribute(SessionView session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

// attribute_discloses asks for the length of a secret attribute and nothing more: CKR_OK means the token would give it
// away.
CK_RV attribute_discloses(SessionView session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

std::optional<unsigned long> number_of(const AttributeReading& reading);
std::optional<bool> boolean_of(const AttributeReading& reading);

// Criterion is one attribute that objects must have to be found; the value must outlive the search.
struct Criterion {
    CK_ATTRIBUTE_TYPE type;
    ByteView value;
};

inline constexpr std::size_t kMaxObjects = 100000;

// find_objects is C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal. The search time is linear in the token's
// objects. rv, where given, gets the CKR code of a failure.
Result<std::vector<CK_OBJECT_HANDLE>> find_objects(SessionView session, CK_OBJECT_CLASS object_class,
                                                   std::span<const Criterion> criteria, CK_RV* rv = nullptr);

// kKeyHalves are the classes of a key pair.
inline constexpr std::array<CK_OBJECT_CLASS, 2> kKeyHalves{CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};

// label_is_free is already_exists where an object of one of the classes has the label.
Result<void> label_is_free(SessionView session, const std::string& label,
                           std::span<const CK_OBJECT_CLASS> object_classes);

// read_public_key builds a SubjectPublicKeyInfo from a public key object, or from what a private key object says of its
// public half (CKA_PUBLIC_KEY_INFO, or an RSA modulus and exponent). unsupported for other key types and curves.
Result<crypto::PublicKey> read_public_key(SessionView session, CK_OBJECT_HANDLE object);

}  // namespace sealwright::hsm::pkcs11
