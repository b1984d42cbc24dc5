#include "crypto/signature_algorithm.hpp"

#include <array>
#include <stdexcept>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/spki.hpp"

namespace sealwright::crypto {
namespace {

namespace oid = asn1::oid;

struct Supported {
    SignatureAlgorithm algorithm;
    std::string_view name;
    Bytes identifier;
};

Bytes identifier_with_null(ByteView type) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.oid(type).null(); });
    return writer.take();
}

Bytes identifier_alone(ByteView type) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.oid(type); });
    return writer.take();
}

// pss_identifier writes RSASSA-PSS-params (RFC 4055 3.1) with each field that is not its default: the defaults are
// SHA-1 and 20 octets.
Bytes pss_identifier(ByteView hash, std::size_t salt_length) {
    const Bytes hash_identifier = identifier_with_null(hash);
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.oid(oid::kRsaPss).sequence([&] {
            writer.constructed(asn1::context_constructed(0), [&] { writer.raw(hash_identifier); });
            writer.constructed(asn1::context_constructed(1),
                               [&] { writer.sequence([&] { writer.oid(oid::kMgf1).raw(hash_identifier); }); });
            writer.constructed(asn1::context_constructed(2), [&] { writer.integer(salt_length); });
        });
    });
    return writer.take();
}

const std::vector<Supported>& supported() {
    using enum SignatureScheme;
    using enum DigestAlgorithm;
    static const auto& all = *new std::vector<Supported>{
        {{ecdsa, sha256}, "ecdsa-sha256", identifier_alone(oid::kEcdsaWithSha256)},
        {{ecdsa, sha384}, "ecdsa-sha384", identifier_alone(oid::kEcdsaWithSha384)},
        {{ecdsa, sha512}, "ecdsa-sha512", identifier_alone(oid::kEcdsaWithSha512)},
        {{rsa_pkcs1, sha256}, "rsa-pkcs1-sha256", identifier_with_null(oid::kSha256WithRsa)},
        {{rsa_pkcs1, sha384}, "rsa-pkcs1-sha384", identifier_with_null(oid::kSha384WithRsa)},
        {{rsa_pkcs1, sha512}, "rsa-pkcs1-sha512", identifier_with_null(oid::kSha512WithRsa)},
        {{rsa_pss, sha256}, "rsa-pss-sha256", pss_identifier(oid::kSha256, 32)},
        {{rsa_pss, sha384}, "rsa-pss-sha384", pss_identifier(oid::kSha384, 48)},
        {{rsa_pss, sha512}, "rsa-pss-sha512", pss_identifier(oid::kSha512, 64)},
        {{ed25519, sha512}, "ed25519", identifier_alone(oid::kEd25519)},
        {{ed448, sha512}, "ed448", identifier_alone(oid::kEd448)},
        {{ml_dsa_44, sha512}, "ml-dsa-44", identifier_alone(oid::kMlDsa44)},
        {{ml_dsa_65, sha512}, "ml-dsa-65", identifier_alone(oid::kMlDsa65)},
        {{ml_dsa_87, sha512}, "ml-dsa-87", identifier_alone(oid::kMlDsa87)},
    };
    return all;
}

// find gives the entry of an algorithm; a digest given with a scheme that signs messages does not matter.
const Supported& find(const SignatureAlgorithm& algorithm) {
    for (const Supported& entry : supported()) {
        if (entry.algorithm.scheme != algorithm.scheme) continue;
        if (signs_messages(algorithm.scheme) || entry.algorithm.digest == algorithm.digest) return entry;
    }
    throw std::invalid_argument{"no signature algorithm of the house (SHA-1 is none)"};
}

// describe_unsupported names the algorithm of an identifier that is not one of ours, for the peer to understand the
// refusal.
Error describe_unsupported(ByteView der) {
    asn1::DerReader outer{der};
    if (auto inner = outer.enter(asn1::kSequence)) {
        if (const auto type = inner.value().oid()) {
            return fail(ErrorCode::unsupported, "the signature algorithm " + asn1::oid_name(type.value()) +
                                                    " is not supported, or not with these parameters");
        }
    }
    return fail(ErrorCode::malformed, "a broken AlgorithmIdentifier");
}

}  // namespace

Bytes algorithm_identifier(const SignatureAlgorithm& algorithm) { return find(algorithm).identifier; }

Result<SignatureAlgorithm> parse_algorithm_identifier(ByteView der) {
    for (const Supported& entry : supported()) {
        if (equal(entry.identifier, der)) return entry.algorithm;
    }
    return describe_unsupported(der);
}

std::string signature_name(const SignatureAlgorithm& algorithm) { return std::string{find(algorithm).name}; }

Result<SignatureAlgorithm> parse_signature_name(std::string_view name) {
    std::string known;
    for (const Supported& entry : supported()) {
        if (entry.name == name) return entry.algorithm;
        known += known.empty() ? "" : ", ";
        known += entry.name;
    }
    return fail(ErrorCode::unsupported, "unknown signature algorithm; known are " + known);
}

bool fits(const SignatureAlgorithm& algorithm, KeyType type) noexcept {
    switch (type) {
        case KeyType::rsa:
            return algorithm.scheme == SignatureScheme::rsa_pkcs1 || algorithm.scheme == SignatureScheme::rsa_pss;
        case KeyType::ec_p256:
        case KeyType::ec_p384:
        case KeyType::ec_p521:
            return algorithm.scheme == SignatureScheme::ecdsa;
        case KeyType::ed25519:
            return algorithm.scheme == SignatureScheme::ed25519;
        case KeyType::ed448:
            return algorithm.scheme == SignatureScheme::ed448;
        case KeyType::ml_dsa_44:
            return algorithm.scheme == SignatureScheme::ml_dsa_44;
        case KeyType::ml_dsa_65:
            return algorithm.scheme == SignatureScheme::ml_dsa_65;
        case KeyType::ml_dsa_87:
            return algorithm.scheme == SignatureScheme::ml_dsa_87;
    }
    return false;
}

SignatureAlgorithm default_algorithm(KeyType type) noexcept {
    switch (type) {
        case KeyType::rsa:
            return {SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256};
        case KeyType::ec_p256:
            return {SignatureScheme::ecdsa, DigestAlgorithm::sha256};
        case KeyType::ec_p384:
            return {SignatureScheme::ecdsa, DigestAlgorithm::sha384};
        case KeyType::ec_p521:
            return {SignatureScheme::ecdsa, DigestAlgorithm::sha512};
        case KeyType::ed25519:
            return {SignatureScheme::ed25519, DigestAlgorithm::sha512};
        case KeyType::ed448:
            return {SignatureScheme::ed448, DigestAlgorithm::sha512};
        case KeyType::ml_dsa_44:
            return {SignatureScheme::ml_dsa_44, DigestAlgorithm::sha512};
        case KeyType::ml_dsa_65:
            return {SignatureScheme::ml_dsa_65, DigestAlgorithm::sha512};
        case KeyType::ml_dsa_87:
            return {SignatureScheme::ml_dsa_87, DigestAlgorithm::sha512};
    }
    return {};
}

}  // namespace sealwright::crypto
