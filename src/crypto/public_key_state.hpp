// public_key_state.hpp: what a PublicKey keeps. Internal to this room (spki.cpp makes it, spki_verify.cpp uses it).
#pragma once

#include <openssl/ec.h>

#include <atomic>
#include <mutex>

#include "crypto/openssl_ptr.hpp"
#include "crypto/spki.hpp"

namespace sealwright::crypto {

enum class ModulusVerdict : std::uint8_t { unknown, good, small_factor, roca, close_primes };

struct PublicKey::State {
    KeyType type = KeyType::rsa;
    unsigned bits = 0;
    SpkiDer spki;
    KeyId id;
    // Views into spki, which does not move once the state is shared.
    ByteView public_bits, modulus, exponent;

    // evp is OpenSSL's form of the key, made when it is first asked for: most keys are read, compared and judged, and
    // never verify anything. The octets were checked before; that OpenSSL does not take them is a broken invariant.
    // Null for a kind of key that this libcrypto does not know (library_verifies).
    EVP_PKEY* evp() const;

    // check_strength's, of an RSA modulus.
    mutable std::atomic<ModulusVerdict> modulus_verdict{ModulusVerdict::unknown};

private:
    mutable std::once_flag once_;
    mutable EvpPkeyPtr key_;
};

// curve_group is one of P-256, P-384 and P-521, made once and only read; null for keys of other types.
const EC_GROUP* curve_group(KeyType type);

}  // namespace sealwright::crypto
