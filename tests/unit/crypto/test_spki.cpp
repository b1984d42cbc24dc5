#include <gtest/gtest.h>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/spki.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/support/test_key.hpp"

namespace sealwright::crypto {
namespace {

namespace oid = asn1::oid;
using test::TestKey;

constexpr KeyType kTypes[] = {KeyType::rsa,     KeyType::ec_p256, KeyType::ec_p384,
                              KeyType::ec_p521, KeyType::ed25519, KeyType::ed448};

Bytes spki(ByteView algorithm, ByteView parameters, ByteView bits, unsigned unused = 0) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.sequence([&] { writer.oid(algorithm).raw(parameters); }).bit_string(bits, unused); });
    return writer.take();
}

Bytes rsa_spki(ByteView modulus, ByteView exponent) {
    asn1::DerWriter key;
    key.sequence([&] { key.unsigned_integer(modulus).unsigned_integer(exponent); });
    return spki(oid::kRsaEncryption, test::hex("05 00"), key.view());
}

Bytes curve(ByteView type) {
    asn1::DerWriter writer;
    writer.oid(type);
    return writer.take();
}

ErrorCode refusal(const Bytes& der) {
    const auto key = PublicKey::parse(der);
    EXPECT_FALSE(key) << to_hex(der);
    return key ? ErrorCode{} : key.error().code();
}

TEST(PublicKey, ReadsEveryTypeAsOpensslWritesIt) {
    for (const KeyType type : kTypes) {
        const SpkiDer der = TestKey::generate(type).spki();
        const PublicKey key = PublicKey::parse(der.view()).value();
        EXPECT_EQ(key.type(), type);
        EXPECT_EQ(key.spki(), der);
        EXPECT_EQ(key.id(), key_id(der));
        EXPECT_EQ(key.rsa_modulus().empty(), type != KeyType::rsa);
        // The BIT STRING's octets are the tail of the SPKI.
        EXPECT_TRUE(equal(der.view().last(key.public_bits().size()), key.public_bits()));
    }
    EXPECT_EQ(TestKey::generate(KeyType::rsa, 3072).public_key().bits(), 3072U);
    EXPECT_EQ(TestKey::generate(KeyType::ec_p521).public_key().bits(), 521U);
}

TEST(PublicKey, ReadsModulusAndExponent) {
    test::OpensslCli cli;
    cli.run(
        "openssl genrsa -out k.pem 2048 && openssl rsa -in k.pem -pubout -outform DER -out k.der && openssl rsa -in "
        "k.pem -noout -modulus > m.txt");
    const PublicKey key = PublicKey::parse(cli.read("k.der")).value();
    std::string modulus{text_of(cli.read("m.txt"))};
    modulus = modulus.substr(modulus.find('=') + 1);
    while (modulus.ends_with('\n')) modulus.pop_back();
    EXPECT_EQ(bytes_of(key.rsa_modulus()), from_hex(modulus).value());
    EXPECT_EQ(bytes_of(key.rsa_exponent()), test::hex("01 00 01"));
}

TEST(PublicKey, RefusesEveryCut) {
    for (const KeyType type : kTypes) {
        test::refuses_every_cut(TestKey::generate(type).spki().bytes(),
                                [](ByteView der) { return PublicKey::parse(der).has_value(); });
    }
}

TEST(PublicKey, AnEcPointThatIsNotOnItsCurveIsMalformed) {
    for (const KeyType type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521}) {
        const Bytes good = TestKey::generate(type).spki().bytes();
        const std::size_t point = PublicKey::parse(good).value().public_bits().size();
        // One bit of a coordinate: the neighbour lies on the curve for no bit that is flipped, or else parse is right
        // to take it.
        std::size_t refused = 0;
        std::size_t tried = 0;
        for (std::size_t back = 0; back < point - 1; ++back) {
            Bytes bad = good;
            bad[bad.size() - 1 - back] = static_cast<std::uint8_t>(bad[bad.size() - 1 - back] ^ 0x01U);
            ++tried;
            if (!PublicKey::parse(bad)) ++refused;
        }
        EXPECT_EQ(refused, tried) << key_type_name(type);
    }
}

TEST(PublicKey, RefusesOtherFormsOfAPoint) {
    const PublicKey key = TestKey::generate(KeyType::ec_p256).public_key();
    const Bytes point = bytes_of(key.public_bits());
    const Bytes named = curve(oid::kPrime256v1);
    EXPECT_TRUE(PublicKey::parse(spki(oid::kEcPublicKey, named, point)));
    Bytes compressed(point.begin(), point.begin() + 33);
    compressed[0] = (point.back() & 1U) != 0 ? 0x03 : 0x02;
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, named, compressed)), ErrorCode::malformed);
    Bytes hybrid = point;
    hybrid[0] = (point.back() & 1U) != 0 ? 0x07 : 0x06;
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, named, hybrid)), ErrorCode::malformed);
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, named, Bytes{0x00})), ErrorCode::malformed) << "the point at infinity";
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, named, Bytes{})), ErrorCode::malformed);
    Bytes zero(65, 0);
    zero[0] = 0x04;
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, named, zero)), ErrorCode::malformed);
    Bytes longer = point;
    longer.push_back(0);
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, named, longer)), ErrorCode::malformed);
    // A coordinate of at least the prime: x + p is the same point modulo p, in another encoding.
    Bytes unreduced = point;
    std::fill(unreduced.begin() + 1, unreduced.begin() + 33, std::uint8_t{0xFF});
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, named, unreduced)), ErrorCode::malformed);
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, curve(oid::kSecp384r1), point)), ErrorCode::malformed)
        << "a point of another curve";
}

TEST(PublicKey, RefusesCurvesThatAreNotNamedOrNotOurs) {
    test::OpensslCli cli;
    cli.run(
        "openssl ecparam -name prime256v1 -genkey -noout -param_enc explicit -out k.pem && openssl pkey -in k.pem "
        "-pubout -outform DER -out explicit.der");
    EXPECT_EQ(refusal(cli.read("explicit.der")), ErrorCode::unsupported);
    cli.run(
        "openssl ecparam -name secp256k1 -genkey -noout -out k.pem && openssl pkey -in k.pem -pubout -outform DER -out "
        "k1.der");
    EXPECT_EQ(refusal(cli.read("k1.der")), ErrorCode::unsupported);
    cli.run("openssl genpkey -algorithm X25519 -out x.pem && openssl pkey -in x.pem -pubout -outform DER -out x.der");
    EXPECT_EQ(refusal(cli.read("x.der")), ErrorCode::unsupported);
    cli.run("openssl genpkey -algorithm RSA-PSS -out p.pem && openssl pkey -in p.pem -pubout -outform DER -out p.der");
    EXPECT_EQ(refusal(cli.read("p.der")), ErrorCode::unsupported);
    const Bytes point = bytes_of(TestKey::generate(KeyType::ec_p256).public_key().public_bits());
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, test::hex("05 00"), point)), ErrorCode::unsupported) << "implicitCurve";
    EXPECT_EQ(refusal(spki(oid::kEcPublicKey, {}, point)), ErrorCode::unsupported);
}

TEST(PublicKey, TheParametersAreThoseOfItsStandard) {
    const PublicKey rsa = TestKey::generate(KeyType::rsa).public_key();
    EXPECT_TRUE(PublicKey::parse(spki(oid::kRsaEncryption, test::hex("05 00"), rsa.public_bits())));
    EXPECT_EQ(refusal(spki(oid::kRsaEncryption, {}, rsa.public_bits())), ErrorCode::malformed);
    EXPECT_EQ(refusal(spki(oid::kRsaEncryption, test::hex("05 00 05 00"), rsa.public_bits())), ErrorCode::malformed);
    const PublicKey edwards = TestKey::generate(KeyType::ed25519).public_key();
    EXPECT_TRUE(PublicKey::parse(spki(oid::kEd25519, {}, edwards.public_bits())));
    EXPECT_EQ(refusal(spki(oid::kEd25519, test::hex("05 00"), edwards.public_bits())), ErrorCode::malformed);
    EXPECT_EQ(refusal(spki(oid::kEd25519, {}, edwards.public_bits().first(31))), ErrorCode::malformed);
    EXPECT_EQ(refusal(spki(oid::kEd448, {}, edwards.public_bits())), ErrorCode::malformed);
    Bytes even = bytes_of(edwards.public_bits());
    even.back() = static_cast<std::uint8_t>(even.back() & 0xFEU);
    EXPECT_EQ(refusal(spki(oid::kEd25519, {}, even, 1)), ErrorCode::malformed) << "a bit string of no whole octets";
}

TEST(PublicKey, AnRsaModulusIsOddAndOfAnUsualSize) {
    Bytes modulus(256, 0xFF);
    const Bytes f4 = test::hex("01 00 01");
    EXPECT_TRUE(PublicKey::parse(rsa_spki(modulus, f4)));
    modulus.back() = 0xFE;
    EXPECT_EQ(refusal(rsa_spki(modulus, f4)), ErrorCode::malformed);
    EXPECT_TRUE(PublicKey::parse(rsa_spki(Bytes(128, 0xFF), f4)));
    Bytes short_modulus(128, 0xFF);
    short_modulus[0] = 0x7F;  // 1023 bits
    EXPECT_EQ(refusal(rsa_spki(short_modulus, f4)), ErrorCode::malformed);
    EXPECT_TRUE(PublicKey::parse(rsa_spki(Bytes(1024, 0xFF), f4)));
    EXPECT_EQ(refusal(rsa_spki(Bytes(1025, 0xFF), f4)), ErrorCode::malformed);
    EXPECT_EQ(refusal(rsa_spki(Bytes(5000, 0xFF), f4)), ErrorCode::too_large);
}

TEST(PublicKey, AnRsaExponentIsOddAndBetweenOneAndItsModulus) {
    const Bytes modulus(256, 0xFF);
    EXPECT_TRUE(PublicKey::parse(rsa_spki(modulus, test::hex("03"))));
    for (const auto* exponent : {"00", "01", "02", "01 00 00"})
        EXPECT_EQ(refusal(rsa_spki(modulus, test::hex(exponent))), ErrorCode::malformed) << exponent;
    EXPECT_EQ(refusal(rsa_spki(modulus, modulus)), ErrorCode::malformed);
    asn1::DerWriter negative;
    negative.sequence([&] { negative.primitive(asn1::kInteger, Bytes(256, 0xF1)).integer(65537); });
    EXPECT_EQ(refusal(spki(oid::kRsaEncryption, test::hex("05 00"), negative.view())), ErrorCode::malformed);
}

}  // namespace
}  // namespace sealwright::crypto
