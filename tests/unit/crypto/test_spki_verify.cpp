#include <gtest/gtest.h>

#include <thread>

#include "asn1/der_writer.hpp"
#include "crypto/spki.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/support/test_key.hpp"

namespace sealwright::crypto {
namespace {

using test::TestKey;

constexpr std::string_view kMessage = "what is signed";

struct Case {
    KeyType type;
    SignatureAlgorithm algorithm;
};

const std::vector<Case>& cases() {
    using enum SignatureScheme;
    using enum DigestAlgorithm;
    static const std::vector<Case> all{
        {KeyType::ec_p256, {ecdsa, sha256}}, {KeyType::ec_p256, {ecdsa, sha512}}, {KeyType::ec_p384, {ecdsa, sha384}},
        {KeyType::ec_p521, {ecdsa, sha512}}, {KeyType::rsa, {rsa_pkcs1, sha256}}, {KeyType::rsa, {rsa_pkcs1, sha512}},
        {KeyType::rsa, {rsa_pss, sha256}},   {KeyType::rsa, {rsa_pss, sha384}},   {KeyType::ed25519, {ed25519, sha512}},
        {KeyType::ed448, {ed448, sha512}},
    };
    return all;
}

TEST(Verify, AcceptsAndRefusesInOneBit) {
    for (const Case& c : cases()) {
        const TestKey key = TestKey::generate(c.type);
        const PublicKey public_key = key.public_key();
        const Bytes signature = key.sign(c.algorithm, view_of(kMessage));
        const std::string name = signature_name(c.algorithm);
        EXPECT_TRUE(public_key.verify(c.algorithm, view_of(kMessage), signature)) << name;
        EXPECT_EQ(public_key.verify(c.algorithm, view_of("what is signee"), signature).error().code(),
                  ErrorCode::invalid_signature)
            << name;
        for (std::size_t bit = 0; bit < signature.size() * 8; bit += 7) {
            Bytes flipped = signature;
            flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
            EXPECT_EQ(public_key.verify(c.algorithm, view_of(kMessage), flipped).error().code(),
                      ErrorCode::invalid_signature)
                << name << " bit " << bit;
        }
        EXPECT_FALSE(TestKey::generate(c.type).public_key().verify(c.algorithm, view_of(kMessage), signature))
            << "another key verifies " << name;
    }
}

// ML-DSA is looked for when the program runs. Without it (OpenSSL before 3.5) a key is read and nothing verified; with
// it what the openssl program signs holds, and not with one bit changed.
TEST(Verify, VerifiesMlDsaWhereTheLibraryCanAndSaysWhereItCannot) {
    struct Row {
        const char* name;
        KeyType type;
        std::size_t public_key;
    };
    for (const Row row : {Row{"ml-dsa-44", KeyType::ml_dsa_44, 1312}, Row{"ml-dsa-65", KeyType::ml_dsa_65, 1952},
                          Row{"ml-dsa-87", KeyType::ml_dsa_87, 2592}}) {
        const SignatureAlgorithm algorithm = parse_signature_name(row.name).value();
        const auto spki = [&](std::size_t size, bool with_null) {
            asn1::DerWriter writer;
            writer.sequence([&] {
                const Bytes identifier = algorithm_identifier(algorithm);
                if (with_null) {
                    writer.sequence([&] { writer.raw(ByteView{identifier}.subspan(2)).null(); });
                } else {
                    writer.raw(identifier);
                }
                writer.bit_string(Bytes(size, 0x11));
            });
            return writer.take();
        };
        const auto key = PublicKey::parse(spki(row.public_key, false));
        ASSERT_TRUE(key) << key.error().describe();
        EXPECT_EQ(key.value().type(), row.type);
        EXPECT_TRUE(check_strength(key.value()));
        EXPECT_EQ(PublicKey::parse(spki(row.public_key - 1, false)).error().code(), ErrorCode::malformed);
        EXPECT_FALSE(PublicKey::parse(spki(row.public_key, true)));
        const std::size_t size = fixed_signature_size(algorithm.scheme);
        const auto none = key.value().verify(algorithm, test::hex("00"), Bytes(size));
        EXPECT_EQ(none.error().code(),
                  library_verifies(row.type) ? ErrorCode::invalid_signature : ErrorCode::unsupported);
        if (!library_verifies(row.type)) continue;
        test::OpensslCli cli;
        cli.run(
            std::string{"openssl genpkey -algorithm "} + row.name +
            " -out k.pem && openssl pkey -in k.pem -pubout -outform DER -out p.der && printf message > m && openssl "
            "pkeyutl -sign -rawin -inkey k.pem -in m -out s");
        const auto real = PublicKey::parse(cli.read("p.der"));
        ASSERT_TRUE(real);
        Bytes signature = cli.read("s");
        EXPECT_TRUE(real.value().verify(algorithm, view_of("message"), signature));
        signature.back() ^= 1;
        EXPECT_FALSE(real.value().verify(algorithm, view_of("message"), signature));
    }
}

TEST(Verify, RefusesSignaturesOfAnotherLength) {
    for (const Case& c : cases()) {
        const TestKey key = TestKey::generate(c.type);
        const PublicKey public_key = key.public_key();
        test::refuses_every_cut(key.sign(c.algorithm, view_of(kMessage)), [&](ByteView signature) {
            return public_key.verify(c.algorithm, view_of(kMessage), signature).has_value();
        });
    }
}

TEST(Verify, AnAlgorithmThatDoesNotFitIsUnsupported) {
    const TestKey key = TestKey::generate(KeyType::ec_p256);
    const Bytes signature = key.sign(view_of(kMessage));
    EXPECT_EQ(key.public_key()
                  .verify({SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256}, view_of(kMessage), signature)
                  .error()
                  .code(),
              ErrorCode::unsupported);
    EXPECT_EQ(key.public_key().verify({SignatureScheme::ed25519}, view_of(kMessage), signature).error().code(),
              ErrorCode::unsupported);
    const TestKey edwards = TestKey::generate(KeyType::ed25519);
    EXPECT_EQ(edwards.public_key()
                  .verify({SignatureScheme::ed448}, view_of(kMessage), edwards.sign(view_of(kMessage)))
                  .error()
                  .code(),
              ErrorCode::unsupported);
}

TEST(Verify, ADigestThatIsNotTheSignedOneIsInvalid) {
    for (const SignatureScheme scheme : {SignatureScheme::rsa_pkcs1, SignatureScheme::rsa_pss}) {
        const TestKey key = TestKey::generate(KeyType::rsa);
        const Bytes signature = key.sign({scheme, DigestAlgorithm::sha256}, view_of(kMessage));
        EXPECT_EQ(
            key.public_key().verify({scheme, DigestAlgorithm::sha384}, view_of(kMessage), signature).error().code(),
            ErrorCode::invalid_signature);
    }
    const TestKey key = TestKey::generate(KeyType::rsa);
    const Bytes pkcs1 = key.sign({SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256}, view_of(kMessage));
    EXPECT_FALSE(
        key.public_key().verify({SignatureScheme::rsa_pss, DigestAlgorithm::sha256}, view_of(kMessage), pkcs1));
}

TEST(Verify, APssSaltOfAnotherLengthIsInvalid) {
    test::OpensslCli cli;
    cli.write("m", kMessage);
    cli.run("openssl genrsa -out k.pem 2048 && openssl rsa -in k.pem -pubout -outform DER -out k.der");
    const PublicKey key = PublicKey::parse(cli.read("k.der")).value();
    for (const auto& [salt, valid] :
         {std::pair{"32", true}, std::pair{"20", false}, std::pair{"0", false}, std::pair{"max", false}}) {
        cli.run(std::string{"openssl dgst -sha256 -sign k.pem -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:"} +
                salt + " -out s m");
        EXPECT_EQ(key.verify({SignatureScheme::rsa_pss, DigestAlgorithm::sha256}, view_of(kMessage), cli.read("s"))
                      .has_value(),
                  valid)
            << salt;
    }
}

// ecdsa_signature encodes r and s as they are given, minimal or not.
Bytes ecdsa_signature(ByteView r, ByteView s) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.primitive(asn1::kInteger, r).primitive(asn1::kInteger, s); });
    return writer.take();
}

TEST(Verify, AnEcdsaSignatureIsMinimalDerOfTwoPositiveIntegers) {
    const TestKey key = TestKey::generate(KeyType::ec_p256);
    const PublicKey public_key = key.public_key();
    const Bytes good = key.sign(view_of(kMessage));
    asn1::DerReader outer{good};
    asn1::DerReader inner = outer.enter(asn1::kSequence).value();
    const Bytes r = bytes_of(inner.integer().value());
    const Bytes s = bytes_of(inner.integer().value());
    const auto holds = [&](const Bytes& signature) {
        return public_key.verify({}, view_of(kMessage), signature).has_value();
    };
    EXPECT_TRUE(holds(ecdsa_signature(r, s)));
    Bytes padded = r;
    padded.insert(padded.begin(), 0);
    EXPECT_FALSE(holds(ecdsa_signature(padded, s))) << "r with a leading zero more";
    EXPECT_FALSE(holds(ecdsa_signature({}, s)));
    EXPECT_FALSE(holds(ecdsa_signature(Bytes{0}, s)));
    EXPECT_FALSE(holds(ecdsa_signature(r, Bytes{0})));
    EXPECT_FALSE(holds(ecdsa_signature(Bytes{0}, Bytes{0})));
    EXPECT_FALSE(holds(ecdsa_signature(Bytes(40, 0x11), s)));
    Bytes long_length = good;  // SEQUENCE length in long form
    long_length.insert(long_length.begin() + 1, 0x81);
    EXPECT_FALSE(holds(long_length));
    Bytes indefinite{0x30, 0x80};
    append(indefinite, ByteView{good}.subspan(2));
    append(indefinite, test::hex("00 00"));
    EXPECT_FALSE(holds(indefinite));
}

TEST(Verify, ThreadsShareOneKey) {
    const TestKey key = TestKey::generate(KeyType::ec_p256);
    const TestKey rsa = TestKey::generate(KeyType::rsa);
    const PublicKey shared = key.public_key();
    const PublicKey shared_rsa = rsa.public_key();
    const Bytes signature = key.sign(view_of(kMessage));
    const Bytes rsa_signature = rsa.sign(view_of(kMessage));
    std::array<int, 4> good{};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < good.size(); ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 100; ++round) {
                good[i] += shared.verify({}, view_of(kMessage), signature).has_value() ? 1 : 0;
                good[i] += shared_rsa.verify(rsa.algorithm(), view_of(kMessage), rsa_signature).has_value() ? 1 : 0;
                good[i] += shared.verify({}, view_of("other"), signature).has_value() ? 1000 : 0;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (const int count : good) EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace sealwright::crypto
