// ckr_error.hpp: CKR codes: their names, what they mean to a caller, and what they say about whether a signature was
// made.
#pragma once

#include "base/result.hpp"

namespace sealwright::hsm::pkcs11 {

// ckr_name is "CKR_DEVICE_ERROR", or "CKR_0x80000001" for codes without a name here (vendors').
std::string ckr_name(unsigned long code);

// ckr_error makes the Error of a failed call: code by the table, what failed in words for the peer, function and CKR
// name for the log.
Error ckr_error(std::string_view function, unsigned long code, std::string_view what);

// handles_lost: the session, the login, the object handles or the device are gone; drop all handles and begin again.
bool handles_lost(unsigned long code) noexcept;

// surely_not_signed: C_Sign answered with a code whose definition (PKCS#11 3.0, 5.1) says that the operation was not
// performed. Every other failure of C_Sign, unknown and vendors' codes too, leaves open whether the token has signed.
bool surely_not_signed(unsigned long code) noexcept;

// pin_attempt_spent: C_Login answered with a code that a wrong, locked or expired PIN gives; the same PIN must not be
// tried again.
bool pin_attempt_spent(unsigned long code) noexcept;

}  // namespace sealwright::hsm::pkcs11
