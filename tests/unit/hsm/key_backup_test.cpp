#include "hsm/key_backup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sealwright::hsm {
namespace {

KeyBackup sample() {
    const Bytes spki = from_hex(
                           "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                           "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                           "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
                           .value();
    return {crypto::PublicKey::parse(spki).value(),
            "issuing",
            Bytes(16, 1),
            "CKM_AES_KEY_WRAP_PAD",
            "backup 2026",
            Bytes(16, 2),
            Bytes{1, 2, 3},
            "0123456789abcdef",
            "ca",
            from_rfc3339("2026-11-22T12:00:00Z").value(),
            "{}",
            Bytes(152, 9)};
}

TEST(KeyBackup, ComesBackAsItWasWritten) {
    const Bytes der = key_backup_der(sample());
    const auto back = parse_key_backup(der);
    ASSERT_TRUE(back) << back.error().describe();
    EXPECT_EQ(key_backup_der(back.value()), der);
    EXPECT_EQ(back.value().label, "issuing");
    EXPECT_EQ(back.value().public_key.id(), sample().public_key.id());
    EXPECT_EQ(back.value().wrapped, Bytes(152, 9));
    EXPECT_EQ(back.value().made_at, sample().made_at);
}

TEST(KeyBackup, IsRefusedWithAnyBitChangedAndAnyOctetMissing) {
    const Bytes der = key_backup_der(sample());
    for (std::size_t i = 0; i < der.size(); ++i) {
        Bytes flipped = der;
        flipped[i] ^= 1;
        EXPECT_FALSE(parse_key_backup(flipped)) << i;
        EXPECT_FALSE(parse_key_backup(ByteView{der}.first(i))) << i;
    }
    Bytes longer = der;
    longer.push_back(0);
    EXPECT_FALSE(parse_key_backup(longer));
    EXPECT_EQ(parse_key_backup(Bytes(kMaxKeyBackup + 1)).error().code(), ErrorCode::too_large);
}

TEST(KeyBackup, IsRefusedWithoutAKeyInIt) {
    auto empty = sample();
    empty.wrapped.clear();
    EXPECT_EQ(parse_key_backup(key_backup_der(empty)).error().code(), ErrorCode::malformed);
    auto nameless = sample();
    nameless.label.clear();
    EXPECT_EQ(parse_key_backup(key_backup_der(nameless)).error().code(), ErrorCode::malformed);
}

KeyBackup rsa_sample(crypto::DigestAlgorithm digest) {
    auto backup = sample();
    backup.mechanism = "CKM_RSA_AES_KEY_WRAP";
    backup.wrapping_check_value = Bytes(32, 7);
    backup.rsa_aes = RsaAesParameters{256, digest};
    return backup;
}

TEST(KeyBackup, KeepsTheParametersOfRsaAes) {
    for (const auto digest : {crypto::DigestAlgorithm::sha256, crypto::DigestAlgorithm::sha1}) {
        const Bytes der = key_backup_der(rsa_sample(digest));
        const auto back = parse_key_backup(der);
        ASSERT_TRUE(back) << back.error().describe();
        ASSERT_TRUE(back.value().rsa_aes);
        EXPECT_EQ(back.value().rsa_aes->aes_bits, 256U);
        EXPECT_EQ(back.value().rsa_aes->oaep_digest, digest);
        EXPECT_EQ(key_backup_der(back.value()), der);
        for (std::size_t i = 0; i < der.size(); ++i) {
            Bytes flipped = der;
            flipped[i] ^= 1;
            EXPECT_FALSE(parse_key_backup(flipped)) << i;
        }
    }
}

TEST(KeyBackup, IsRefusedWithParametersThatNobodyWrites) {
    EXPECT_TRUE(parse_key_backup(key_backup_der(rsa_sample(crypto::DigestAlgorithm::sha1))));
    EXPECT_EQ(parse_key_backup(key_backup_der(rsa_sample(crypto::DigestAlgorithm::sha512))).error().code(),
              ErrorCode::unsupported);
    auto small = rsa_sample(crypto::DigestAlgorithm::sha256);
    small.rsa_aes->aes_bits = 128;
    EXPECT_EQ(parse_key_backup(key_backup_der(small)).error().code(), ErrorCode::unsupported);
    auto of_another = rsa_sample(crypto::DigestAlgorithm::sha256);
    of_another.mechanism = "CKM_AES_KEY_WRAP_KWP";
    EXPECT_EQ(parse_key_backup(key_backup_der(of_another)).error().code(), ErrorCode::malformed);
    auto without = rsa_sample(crypto::DigestAlgorithm::sha256);
    without.rsa_aes.reset();
    EXPECT_EQ(parse_key_backup(key_backup_der(without)).error().code(), ErrorCode::malformed);
}

// A file of format 1 outlives the programs that wrote it.
TEST(KeyBackup, ReadsAndWritesWhatTheFirstVersionWrote) {
    const Bytes first =
        from_hex(
            "3082012d3082010702010130763059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bc"
            "e6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb64068"
            "37bf51f50c0769737375696e6704100101010101010101010101010101010130330c14434b4d5f4145535f4b45595f575241"
            "505f4b57500c047361666504100202020202020202020202020202020204030a0b0c30270c10303132333435363738396162"
            "636465660c026361180f32303236313132323132303030305a0c027b7d042809090909090909090909090909090909090909"
            "09090909090909090909090909090909090909090904206c2b70630ea8fbadfc7f9ad9beb60f8e66ed73397fa133e03642b7"
            "6fa256dccd")
            .value();
    const auto read = parse_key_backup(first);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_FALSE(read.value().rsa_aes);
    EXPECT_EQ(key_backup_der(read.value()), first);
}

}  // namespace
}  // namespace sealwright::hsm
