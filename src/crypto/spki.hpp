// spki.hpp: public keys read without OpenSSL's decoders (which cost more than a signature in 3.0), judged, and used to
// verify.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/ids.hpp"
#include "crypto/signature_algorithm.hpp"

namespace sealwright::crypto {

enum class KeyType : std::uint8_t {
    rsa = 1,
    ec_p256 = 2,
    ec_p384 = 3,
    ec_p521 = 4,
    ed25519 = 5,
    ed448 = 6,
    ml_dsa_44 = 7,  // FIPS 204, RFC 9881
    ml_dsa_65 = 8,
    ml_dsa_87 = 9,
};
std::string_view key_type_name(KeyType type) noexcept;  // "RSA", "EC P-256", ...

constexpr bool is_ml_dsa(KeyType type) noexcept {
    return type == KeyType::ml_dsa_44 || type == KeyType::ml_dsa_65 || type == KeyType::ml_dsa_87;
}

// library_verifies says whether the libcrypto that runs here can verify signatures of such keys. ML-DSA came with
// OpenSSL 3.5 and is looked for when the program runs, so that one binary serves both.
bool library_verifies(KeyType type);

// PublicKey is a SubjectPublicKeyInfo that was parsed strictly and can verify. Immutable, cheap to copy, thread-safe.
class PublicKey {
public:
    // parse reads DER of exactly one SubjectPublicKeyInfo. It refuses unknown algorithms (unsupported), parameters that
    // its standard forbids, RSA keys under 1024 or over 8192 bits, even or tiny moduli or exponents, and EC points that
    // are not uncompressed or not on the curve (malformed). It does not judge strength: check_strength does.
    static Result<PublicKey> parse(ByteView spki);

    KeyType type() const noexcept;
    unsigned bits()
        const noexcept;  // modulus or curve size; of ML-DSA the public key's octets in bits, as OpenSSL has it
    const SpkiDer& spki() const noexcept;
    KeyId id() const noexcept;              // SHA-256 of spki()
    ByteView public_bits() const noexcept;  // the BIT STRING's octets, of which RFC 5280's method 1 takes SHA-1
    ByteView rsa_modulus() const noexcept;  // empty unless RSA; big-endian without leading zero
    ByteView rsa_exponent() const noexcept;

    // verify checks a signature over message. algorithm must fit the key (unsupported); a signature that does not hold
    // is invalid_signature; an ECDSA signature that is not minimal DER of two positive integers is invalid_signature
    // too. unsupported as well for a key whose kind the libcrypto lacks (library_verifies).
    Result<void> verify(const SignatureAlgorithm& algorithm, ByteView message, ByteView signature) const;

    struct State;  // keeps OpenSSL out of this header
    explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    const State& state() const noexcept { return *state_; }

private:
    std::shared_ptr<const State> state_;
};

// check_strength refuses, as weak_key with the reason: RSA under min_rsa_bits, exponents that are even or below 65537,
// moduli with small factors, Fermat-close primes or the ROCA fingerprint (CVE-2017-15361).
Result<void> check_strength(const PublicKey& key, unsigned min_rsa_bits = 2048);

}  // namespace sealwright::crypto
