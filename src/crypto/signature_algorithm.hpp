// signature_algorithm.hpp: the signature algorithms that the house makes and verifies, with their AlgorithmIdentifier
// DER.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/digest.hpp"

namespace sealwright::crypto {

enum class KeyType : std::uint8_t;

enum class SignatureScheme : std::uint8_t { rsa_pkcs1 = 1, rsa_pss = 2, ecdsa = 3, ed25519 = 4, ed448 = 5 };

// SignatureAlgorithm: for rsa_pss MGF1 uses the same digest and the salt is as long as it (RFC 4055, 3.1); digest is
// meaningless for EdDSA.
struct SignatureAlgorithm {
    SignatureScheme scheme = SignatureScheme::ecdsa;
    DigestAlgorithm digest = DigestAlgorithm::sha256;
    friend bool operator==(const SignatureAlgorithm& a, const SignatureAlgorithm& b) noexcept {
        const bool eddsa = a.scheme == SignatureScheme::ed25519 || a.scheme == SignatureScheme::ed448;
        return a.scheme == b.scheme && (eddsa || a.digest == b.digest);
    }
};

// algorithm_identifier is the DER AlgorithmIdentifier: RSA PKCS#1 with NULL parameters (RFC 4055), ECDSA and EdDSA with
// none (RFC 5758, 8410), PSS with the explicit parameters. parse_ accepts exactly these encodings; anything else is
// unsupported.
Bytes algorithm_identifier(const SignatureAlgorithm& algorithm);
Result<SignatureAlgorithm> parse_algorithm_identifier(ByteView der);

// signature_name is "ecdsa-sha256", "rsa-pkcs1-sha256", "rsa-pss-sha256", "ed25519": the names in configuration,
// scripts and listings.
std::string signature_name(const SignatureAlgorithm& algorithm);
Result<SignatureAlgorithm> parse_signature_name(std::string_view name);

// fits says whether a key of this type can make this signature. default_algorithm is what a key of this type signs with
// if nobody says.
bool fits(const SignatureAlgorithm& algorithm, KeyType type) noexcept;
SignatureAlgorithm default_algorithm(KeyType type) noexcept;

}  // namespace sealwright::crypto
