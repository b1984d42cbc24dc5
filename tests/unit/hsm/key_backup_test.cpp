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

}  // namespace
}  // namespace sealwright::hsm
