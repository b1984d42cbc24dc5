// public_key_state.hpp: what a PublicKey keeps. Internal to this room (spki.cpp makes it, spki_verify.cpp uses it).
#pragma once

#include "crypto/openssl_ptr.hpp"
#include "crypto/spki.hpp"

namespace sealwright::crypto {

struct PublicKey::State {
    KeyType type = KeyType::rsa;
    unsigned bits = 0;
    SpkiDer spki;
    KeyId id;
    // Views into spki, which does not move once the state is shared.
    ByteView public_bits, modulus, exponent;
    EvpPkeyPtr key;
};

}  // namespace sealwright::crypto
