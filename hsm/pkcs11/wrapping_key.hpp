// wrapping_key.hpp: what a token must say of a key that carries others out of it and in again. Internal to hsm/pkcs11.
#pragma once

#include <string>

#include "hsm/pkcs11/attribute_template.hpp"
#include "hsm/pkcs11/token.hpp"
#include "hsm/pkcs11/wrap_trial.hpp"

namespace sealwright::hsm::pkcs11 {

inline constexpr unsigned kLeastRsaWrappingBits = 3072;

// FoundWrappingKey is a wrapping key with its handles, which are worth something on this login alone.
struct FoundWrappingKey {
    WrappingKind kind = WrappingKind::aes;
    TrialKeys halves;
    WrappingKey key;  // with its fault
};

// wrapping_key_of finds the one wrapping key of this label: an AES key, or both halves of an RSA pair. not_found;
// conflict where several keys have the label. rv, where given, gets the CKR code of a failed search.
Result<FoundWrappingKey> wrapping_key_of(SessionView session, const std::string& label, CK_RV* rv = nullptr);

// check_wrapping_key refuses (denied) a key that is not trusted, or that has a fault.
Result<void> check_wrapping_key(const WrappingKey& key);

// wrapping_fault is the first thing that the token does not say of an AES wrapping key and that it has to ("CKA_DECRYPT
// is not false"); empty where nothing is missing. What the token does not answer counts as missing. It demands that the
// key is trusted, sensitive and not extractable, wraps and unwraps and does not decrypt, and that its
// CKA_UNWRAP_TEMPLATE keeps what it unwraps private, sensitive, and wrapped by trusted keys alone
// (PKCS#11 3.0, 4.10.2): else whoever unwraps a backup chooses the template, and reads the key in plain.
std::string wrapping_fault(SessionView session, CK_OBJECT_HANDLE key);

// unwrapping_fault is that of the private half of an RSA wrapping key: as wrapping_fault, and it is private, does not
// sign (a raw signature is a decryption), and unwraps private keys alone: what RSA-AES wraps begins with the AES key
// under plain OAEP, and whoever unwraps that as a key of his own unwraps the rest by a template of his own.
// An own CKA_CLASS in CKA_UNWRAP_TEMPLATE says so, or CKA_ALLOWED_MECHANISMS that holds RSA-AES alone.
std::string unwrapping_fault(SessionView session, CK_OBJECT_HANDLE private_half);

// add_unwrap_template adds the CKA_UNWRAP_TEMPLATE that both demand, with CKA_CLASS.
void add_unwrap_template(AttributeTemplate& attributes);

}  // namespace sealwright::hsm::pkcs11
