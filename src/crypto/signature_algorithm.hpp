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

enum class SignatureScheme : std::uint8_t {
    rsa_pkcs1 = 1,
    rsa_pss = 2,
    ecdsa = 3,
    ed25519 = 4,
    ed448 = 5,
    ml_dsa_44 = 6,
    ml_dsa_65 = 7,
    ml_dsa_87 = 8,
};

// signs_messages: the scheme takes the whole message and no digest of the caller's (EdDSA; ML-DSA in its pure form,
// FIPS 204 5.2, with an empty context as RFC 9881 demands).
constexpr bool signs_messages(SignatureScheme scheme) noexcept {
    return scheme != SignatureScheme::rsa_pkcs1 && scheme != SignatureScheme::rsa_pss &&
           scheme != SignatureScheme::ecdsa;
}

// fixed_signature_size is that of every signature of the scheme (RFC 8032 5.1.6 and 5.2.6, FIPS 204 table 2); 0 where
// the key's size decides. kMaxSignatureSize is the greatest of the house: ML-DSA-87.
constexpr std::size_t fixed_signature_size(SignatureScheme scheme) noexcept {
    switch (scheme) {
        case SignatureScheme::ed25519:
            return 64;
        case SignatureScheme::ed448:
            return 114;
        case SignatureScheme::ml_dsa_44:
            return 2420;
        case SignatureScheme::ml_dsa_65:
            return 3309;
        case SignatureScheme::ml_dsa_87:
            return 4627;
        default:
            return 0;
    }
}
inline constexpr std::size_t kMaxSignatureSize = 4627;

// SignatureAlgorithm: for rsa_pss MGF1 uses the same digest and the salt is as long as it (RFC 4055, 3.1); digest is
// meaningless for schemes that sign messages.
struct SignatureAlgorithm {
    SignatureScheme scheme = SignatureScheme::ecdsa;
    DigestAlgorithm digest = DigestAlgorithm::sha256;
    friend bool operator==(const SignatureAlgorithm& a, const SignatureAlgorithm& b) noexcept {
        return a.scheme == b.scheme && (signs_messages(a.scheme) || a.digest == b.digest);
    }
};

// algorithm_identifier is the DER AlgorithmIdentifier: RSA PKCS#1 with NULL parameters (RFC 4055), ECDSA, EdDSA and
// ML-DSA with none (RFC 5758, 8410, 9881), PSS with the explicit parameters. parse_ accepts exactly these encodings;
// anything else is unsupported.
Bytes algorithm_identifier(const SignatureAlgorithm& algorithm);
Result<SignatureAlgorithm> parse_algorithm_identifier(ByteView der);

// signature_name is "ecdsa-sha256", "rsa-pkcs1-sha256", "rsa-pss-sha256", "ed25519", "ml-dsa-65": the names in
// configuration, scripts and listings.
std::string signature_name(const SignatureAlgorithm& algorithm);
Result<SignatureAlgorithm> parse_signature_name(std::string_view name);

// fits says whether a key of this type can make this signature. default_algorithm is what a key of this type signs with
// if nobody says.
bool fits(const SignatureAlgorithm& algorithm, KeyType type) noexcept;
SignatureAlgorithm default_algorithm(KeyType type) noexcept;

}  // namespace sealwright::crypto
