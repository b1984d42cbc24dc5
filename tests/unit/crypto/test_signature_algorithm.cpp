#include <gtest/gtest.h>

#include <stdexcept>

#include "asn1/der_reader.hpp"
#include "crypto/signature_algorithm.hpp"
#include "crypto/spki.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"

namespace sealwright::crypto {
namespace {

struct Case {
    const char* name;
    const char* keygen;
    const char* sign_options;
};

constexpr Case kCases[] = {
    {"ecdsa-sha256", "EC -pkeyopt ec_paramgen_curve:P-256", "-sha256"},
    {"ecdsa-sha384", "EC -pkeyopt ec_paramgen_curve:P-384", "-sha384"},
    {"ecdsa-sha512", "EC -pkeyopt ec_paramgen_curve:P-521", "-sha512"},
    {"rsa-pkcs1-sha256", "RSA", "-sha256"},
    {"rsa-pkcs1-sha384", "RSA", "-sha384"},
    {"rsa-pkcs1-sha512", "RSA", "-sha512"},
    {"rsa-pss-sha256", "RSA", "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"},
    {"rsa-pss-sha384", "RSA", "-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"},
    {"rsa-pss-sha512", "RSA", "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"},
    {"ed25519", "ED25519", ""},
    {"ed448", "ED448", ""},
};

// outer_algorithm is the AlgorithmIdentifier of a signed object that OpenSSL made.
Bytes outer_algorithm(const Bytes& signed_object) {
    asn1::DerReader outer{signed_object};
    asn1::DerReader inner = outer.enter(asn1::kSequence).value();
    (void)inner.next().value();
    return bytes_of(inner.next().value().encoding);
}

TEST(SignatureAlgorithm, IdentifiersAreThoseThatOpensslWrites) {
    test::OpensslCli cli;
    for (const Case& c : kCases) {
        cli.run(std::string{"openssl genpkey -algorithm "} + c.keygen +
                " -out k.pem && openssl req -new -key k.pem -subj /CN=x -outform DER -out r.der " + c.sign_options);
        const Bytes identifier = outer_algorithm(cli.read("r.der"));
        const SignatureAlgorithm algorithm = parse_signature_name(c.name).value();
        EXPECT_EQ(to_hex(algorithm_identifier(algorithm)), to_hex(identifier)) << c.name;
        EXPECT_EQ(parse_algorithm_identifier(identifier).value(), algorithm) << c.name;
        EXPECT_EQ(signature_name(algorithm), c.name);
    }
}

TEST(SignatureAlgorithm, NoNeighbourInOneBitIsTakenForTheSame) {
    for (const Case& c : kCases) {
        const SignatureAlgorithm algorithm = parse_signature_name(c.name).value();
        test::flips_every_bit(algorithm_identifier(algorithm), [&](const Bytes& neighbour, std::size_t bit) {
            const auto parsed = parse_algorithm_identifier(neighbour);
            if (parsed) {
                EXPECT_NE(parsed.value(), algorithm) << c.name << " bit " << bit;
                EXPECT_EQ(algorithm_identifier(parsed.value()), neighbour);
            }
        });
    }
}

TEST(SignatureAlgorithm, RefusesSha1AndLooseParameters) {
    // sha1WithRSAEncryption, ecdsa-with-SHA1
    EXPECT_EQ(parse_algorithm_identifier(test::hex("30 0D 06 09 2A864886F70D010105 05 00")).error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(parse_algorithm_identifier(test::hex("30 09 06 07 2A8648CE3D0401")).error().code(),
              ErrorCode::unsupported);
    // RSA without NULL (RFC 4055 section 5: MUST be NULL); ECDSA with NULL (RFC 5758 3.2: MUST omit)
    EXPECT_TRUE(parse_algorithm_identifier(test::hex("30 0D 06 09 2A864886F70D01010B 05 00")));
    EXPECT_EQ(parse_algorithm_identifier(test::hex("30 0B 06 09 2A864886F70D01010B")).error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(parse_algorithm_identifier(test::hex("30 0C 06 08 2A8648CE3D040302 05 00")).error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(parse_algorithm_identifier({}).error().code(), ErrorCode::malformed);
    EXPECT_EQ(parse_algorithm_identifier(test::hex("30 02 05 00")).error().code(), ErrorCode::malformed);
    EXPECT_THROW((void)algorithm_identifier({SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha1}),
                 std::invalid_argument);
    EXPECT_THROW((void)algorithm_identifier({SignatureScheme::ecdsa, DigestAlgorithm::sha1}), std::invalid_argument);
}

TEST(SignatureAlgorithm, RefusesPssWithAnotherSaltLengthOrMgfDigest) {
    const Bytes good = algorithm_identifier({SignatureScheme::rsa_pss, DigestAlgorithm::sha256});
    Bytes salt = good;
    salt.back() = 0x21;
    EXPECT_TRUE(parse_algorithm_identifier(good));
    EXPECT_EQ(parse_algorithm_identifier(salt).error().code(), ErrorCode::unsupported);
}

TEST(SignatureAlgorithm, NamesAreExact) {
    for (const auto* name :
         {"", "ecdsa", "ECDSA-SHA256", "rsa-sha256", "rsa-pkcs1-sha1", "ecdsa-sha256 ", "ed25519-sha512"}) {
        EXPECT_EQ(parse_signature_name(name).error().code(), ErrorCode::unsupported) << name;
    }
}

TEST(SignatureAlgorithm, TheDigestOfEddsaMeansNothing) {
    EXPECT_EQ((SignatureAlgorithm{SignatureScheme::ed25519, DigestAlgorithm::sha256}),
              (SignatureAlgorithm{SignatureScheme::ed25519, DigestAlgorithm::sha512}));
    EXPECT_NE((SignatureAlgorithm{SignatureScheme::ecdsa, DigestAlgorithm::sha256}),
              (SignatureAlgorithm{SignatureScheme::ecdsa, DigestAlgorithm::sha512}));
    EXPECT_NE((SignatureAlgorithm{SignatureScheme::ed25519}), (SignatureAlgorithm{SignatureScheme::ed448}));
    EXPECT_EQ(signature_name({SignatureScheme::ed448, DigestAlgorithm::sha1}), "ed448");
}

TEST(SignatureAlgorithm, EachKeyTypeFitsItsOwnSchemesAlone) {
    const KeyType types[] = {KeyType::rsa,     KeyType::ec_p256, KeyType::ec_p384,
                             KeyType::ec_p521, KeyType::ed25519, KeyType::ed448};
    for (const KeyType type : types) {
        EXPECT_TRUE(fits(default_algorithm(type), type));
        int schemes = 0;
        for (const auto scheme : {SignatureScheme::rsa_pkcs1, SignatureScheme::rsa_pss, SignatureScheme::ecdsa,
                                  SignatureScheme::ed25519, SignatureScheme::ed448}) {
            schemes += fits({scheme, DigestAlgorithm::sha256}, type) ? 1 : 0;
        }
        EXPECT_EQ(schemes, type == KeyType::rsa ? 2 : 1) << key_type_name(type);
    }
}

}  // namespace
}  // namespace sealwright::crypto
