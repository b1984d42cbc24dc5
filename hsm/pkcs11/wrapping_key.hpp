// wrapping_key.hpp: what a token must say of a key that carries others out of it and in again. Internal to hsm/pkcs11.
#pragma once

#include <string>

#include "hsm/pkcs11/objects.hpp"

namespace sealwright::hsm::pkcs11 {

// wrapping_fault is the first thing that the token does not say of a wrapping key and that it has to ("CKA_DECRYPT is
// not false"); empty where nothing is missing. What the token does not answer counts as missing. It demands that the
// key is trusted, sensitive and not extractable, wraps and unwraps and does not decrypt, and that its
// CKA_UNWRAP_TEMPLATE keeps what it unwraps private, sensitive, and wrapped by trusted keys alone
// (PKCS#11 3.0, 4.10.2): else whoever unwraps a backup chooses the template, and reads the key in plain.
std::string wrapping_fault(SessionView session, CK_OBJECT_HANDLE key);

}  // namespace sealwright::hsm::pkcs11
