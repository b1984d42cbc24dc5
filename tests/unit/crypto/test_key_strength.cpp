#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <memory>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/spki.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/test_key.hpp"

namespace sealwright::crypto {
namespace {

using test::TestKey;

// Number is a BIGNUM with the few operations that making weak keys takes.
class Number {
public:
    explicit Number(unsigned long value = 0) : number_(BN_new(), BN_free) { BN_set_word(get(), value); }
    BIGNUM* get() const { return number_.get(); }
    static Number prime(int bits) {
        Number p;
        if (BN_generate_prime_ex(p.get(), bits, 0, nullptr, nullptr, nullptr) != 1) throw std::runtime_error{"prime"};
        return p;
    }
    bool is_prime() const { return BN_check_prime(get(), context(), nullptr) == 1; }
    Number operator*(const Number& other) const {
        Number product;
        BN_mul(product.get(), get(), other.get(), context());
        return product;
    }
    Number operator+(const Number& other) const {
        Number sum;
        BN_add(sum.get(), get(), other.get());
        return sum;
    }
    Number power_modulo(const Number& exponent, const Number& modulus) const {
        Number power;
        BN_mod_exp(power.get(), get(), exponent.get(), modulus.get(), context());
        return power;
    }
    static Number random(int bits) {
        Number number;
        BN_rand(number.get(), bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
        return number;
    }
    // next_prime is the next prime after this number.
    Number next_prime() const {
        Number candidate = *this + Number{BN_is_odd(get()) ? 2UL : 1UL};
        while (!candidate.is_prime()) candidate = candidate + Number{2};
        return candidate;
    }
    Bytes octets() const {
        Bytes out(static_cast<std::size_t>(BN_num_bytes(get())));
        BN_bn2bin(get(), out.data());
        return out;
    }
    int bits() const { return BN_num_bits(get()); }

private:
    static BN_CTX* context() {
        static BN_CTX* const shared = BN_CTX_new();
        return shared;
    }
    std::shared_ptr<BIGNUM> number_;
};

PublicKey rsa_key(ByteView modulus, ByteView exponent = test::hex("01 00 01")) {
    asn1::DerWriter key;
    key.sequence([&] { key.unsigned_integer(modulus).unsigned_integer(exponent); });
    asn1::DerWriter writer;
    writer.sequence(
        [&] { writer.sequence([&] { writer.oid(asn1::oid::kRsaEncryption).null(); }).bit_string(key.view()); });
    return PublicKey::parse(writer.view()).value();
}

std::string weakness(const PublicKey& key, unsigned min_bits = 2048) {
    const auto verdict = check_strength(key, min_bits);
    if (verdict) return "";
    EXPECT_EQ(verdict.error().code(), ErrorCode::weak_key);
    return verdict.error().public_detail();
}

TEST(KeyStrength, OrdinaryKeysAreStrong) {
    for (const KeyType type :
         {KeyType::rsa, KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521, KeyType::ed25519, KeyType::ed448}) {
        for (int i = 0; i < (type == KeyType::rsa ? 3 : 50); ++i)
            EXPECT_EQ(weakness(TestKey::generate(type).public_key()), "") << key_type_name(type);
    }
}

TEST(KeyStrength, AnRsaKeyHasEnoughBits) {
    const PublicKey key = TestKey::generate(KeyType::rsa, 2048).public_key();
    EXPECT_EQ(weakness(key, 2048), "");
    EXPECT_NE(weakness(key, 2049), "");
    EXPECT_NE(weakness(TestKey::generate(KeyType::rsa, 1024).public_key()), "");
}

TEST(KeyStrength, AnRsaExponentIsAtLeast65537AndBelow256Bits) {
    const Bytes modulus = (Number::prime(1024) * Number::prime(1024)).octets();
    EXPECT_EQ(weakness(rsa_key(modulus)), "");
    EXPECT_NE(weakness(rsa_key(modulus, test::hex("03"))), "");
    EXPECT_NE(weakness(rsa_key(modulus, test::hex("FF FF"))), "") << "65535";
    Bytes largest(32, 0xFF);
    EXPECT_EQ(weakness(rsa_key(modulus, largest)), "") << "2^256 - 1";
    Bytes one_more(33, 0x01);
    EXPECT_NE(weakness(rsa_key(modulus, one_more)), "") << "257 bits";
}

TEST(KeyStrength, AModulusHasNoSmallFactor) {
    for (const unsigned long factor : {3UL, 5UL, 167UL, 173UL, 743UL, 751UL}) {
        EXPECT_NE(weakness(rsa_key((Number{factor} * Number::prime(2047)).octets())), "") << factor;
    }
    // 757 is the first prime beyond the bound; it shows that the refusal above is for the factor and not for the
    // modulus' shape.
    EXPECT_EQ(weakness(rsa_key((Number{757} * Number::prime(2047)).octets())), "");
}

TEST(KeyStrength, EachPrimeOfTheTableIsFoundAsAFactor) {
    const Number cofactor = Number::prime(2047);
    for (unsigned factor = 3; factor <= 751; factor += 2) {
        unsigned divisor = 3;
        while (divisor * divisor <= factor && factor % divisor != 0) divisor += 2;
        if (divisor * divisor <= factor) continue;
        EXPECT_NE(weakness(rsa_key((Number{factor} * cofactor).octets())).find("small factor"), std::string::npos)
            << factor;
    }
    EXPECT_EQ(weakness(rsa_key((Number{757} * cofactor).octets())), "");
    // The longest modulus that is read has many stretches of limbs.
    const Number odd = Number::random(8180);
    BN_set_bit(odd.get(), 0);
    EXPECT_NE(weakness(rsa_key((Number{751} * odd).octets())), "");
}

// fermat_modulus is a product that Fermat's method finds in exactly that round: a^2 - b^2 with a = 2 m^2 and
// b = m sqrt(4 round - 2), whose root lies a half below a - round + 1.
Bytes fermat_modulus(unsigned round) {
    for (;;) {
        const Number m = Number::random(513);
        Number b = m * Number{static_cast<unsigned long>(std::sqrt(4.0 * round - 2) * 0x1p40)};
        BN_rshift(b.get(), b.get(), 40);
        if (!BN_is_odd(b.get())) continue;
        Number modulus;
        const Number square = Number{2} * m * m * Number{2} * m * m;
        BN_sub(modulus.get(), square.get(), (b * b).get());
        if (modulus.bits() < 2048) continue;
        const Bytes octets = modulus.octets();
        if (weakness(rsa_key(octets)).find("small factor") == std::string::npos) return octets;
    }
}

TEST(KeyStrength, FermatsMethodGoesAHundredRounds) {
    for (unsigned round = 1; round <= 100; ++round) {
        EXPECT_NE(weakness(rsa_key(fermat_modulus(round))).find("Fermat"), std::string::npos) << round;
    }
    for (const unsigned round : {101U, 102U, 150U}) EXPECT_EQ(weakness(rsa_key(fermat_modulus(round))), "") << round;
}

TEST(KeyStrength, WhatWasFoundOfAModulusIsFoundAgain) {
    const PublicKey key = rsa_key(fermat_modulus(7));
    const PublicKey copy = key;
    for (int i = 0; i < 2; ++i) EXPECT_NE(weakness(copy).find("Fermat"), std::string::npos);
    EXPECT_NE(weakness(key, 4096).find("bits"), std::string::npos) << "the wanted length is asked for each time";
}

// roca_prime makes a prime as the broken library did: k * M + (65537^a mod M), M the product of the first 126 primes.
Number roca_prime(const Number& primorial, int bits) {
    for (;;) {
        const Number residue = Number{65537}.power_modulo(Number::random(250), primorial);
        const Number candidate = Number::random(bits - primorial.bits()) * primorial + residue;
        if (candidate.bits() == bits && candidate.is_prime()) return candidate;
    }
}

TEST(KeyStrength, RefusesTheRocaFingerprint) {
    Number primorial{1};
    unsigned long prime = 2;
    for (int i = 0; i < 126; ++i) {
        primorial = primorial * Number{prime};
        prime = std::strtoul(std::unique_ptr<char, void (*)(char*)>{BN_bn2dec(Number{prime}.next_prime().get()),
                                                                    [](char* text) { OPENSSL_free(text); }}
                                 .get(),
                             nullptr, 10);
    }
    ASSERT_EQ(prime, 709U) << "the 127th prime";
    const Number p = roca_prime(primorial, 1024);
    const Number q = roca_prime(primorial, 1024);
    const std::string why = weakness(rsa_key((p * q).octets()), 2000);
    EXPECT_NE(why.find("ROCA"), std::string::npos) << why;
    // One prime of another make: no fingerprint.
    EXPECT_EQ(weakness(rsa_key((p * Number::prime(1024)).octets()), 2000), "");
}

TEST(KeyStrength, RefusesPrimesThatLieTooClose) {
    const Number p = Number::prime(1024);
    const std::string why = weakness(rsa_key((p * p.next_prime()).octets()));
    EXPECT_NE(why.find("Fermat"), std::string::npos) << why;
    EXPECT_NE(weakness(rsa_key((p * p).octets())), "") << "a square";
    // 2^540 apart: beyond what a hundred rounds find in 2048 bits.
    Number distance;
    BN_set_bit(distance.get(), 540);
    EXPECT_EQ(weakness(rsa_key((p * (p + distance).next_prime()).octets())), "");
    // 2^516 apart: (q - p)^2 / (8 sqrt n) is below a hundred.
    Number near;
    BN_set_bit(near.get(), 516);
    EXPECT_NE(weakness(rsa_key((p * (p + near).next_prime()).octets())), "");
}

PublicKey edwards_key(ByteView type, ByteView point) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.sequence([&] { writer.oid(type); }).bit_string(point); });
    return PublicKey::parse(writer.view()).value();
}

TEST(KeyStrength, RefusesEdwardsPointsOfSmallOrder) {
    for (const auto* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                              "0100000000000000000000000000000000000000000000000000000000000000",
                              "0100000000000000000000000000000000000000000000000000000000000080",
                              "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                              "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                              "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                              "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"}) {
        EXPECT_NE(weakness(edwards_key(asn1::oid::kEd25519, test::hex(point))), "") << point;
    }
    EXPECT_EQ(weakness(edwards_key(asn1::oid::kEd25519,
                                   test::hex("0200000000000000000000000000000000000000000000000000000000000000"))),
              "");
    Bytes point(57, 0);
    EXPECT_NE(weakness(edwards_key(asn1::oid::kEd448, point)), "");
    point[0] = 1;
    EXPECT_NE(weakness(edwards_key(asn1::oid::kEd448, point)), "");
    point[0] = 2;
    EXPECT_EQ(weakness(edwards_key(asn1::oid::kEd448, point)), "");
    std::fill(point.begin(), point.end(), std::uint8_t{0xFF});
    point[0] = 0xFE;
    point[28] = 0xFE;
    EXPECT_NE(weakness(edwards_key(asn1::oid::kEd448, point)), "") << "p - 1";
    point[0] = 0xFC;
    EXPECT_EQ(weakness(edwards_key(asn1::oid::kEd448, point)), "");
}

// Signatures that hold for every message under a key of small order are why these are refused: shown with a signature
// that needs no key.
TEST(KeyStrength, AKeyOfSmallOrderVerifiesASignatureThatNobodyMade) {
    const PublicKey neutral =
        edwards_key(asn1::oid::kEd25519, test::hex("0100000000000000000000000000000000000000000000000000000000000000"));
    Bytes signature(64, 0);  // R = the neutral element, S = 0
    signature[0] = 1;
    EXPECT_TRUE(neutral.verify({SignatureScheme::ed25519}, view_of("any message"), signature));
    EXPECT_NE(weakness(neutral), "");
}

}  // namespace
}  // namespace sealwright::crypto
