#include "cli/audit_mirror.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "audit/checkpoint.hpp"
#include "base/file.hpp"
#include "x509/certificate.hpp"

namespace sealwright::cli {
namespace {

// The public keys of RFC 8032 7.1 test 1 and RFC 6979 A.2.5, as SubjectPublicKeyInfo made by
//   openssl pkey -pubin -outform DER | xxd -p
constexpr const char* kEd25519Spki =
    "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
constexpr const char* kP256Spki =
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f2"
    "9fb67903fe1008b8bc99a41ae9e95628bc64f2f1b"
    "20c2d7e9f5177a3c294d4462299";

crypto::PublicKey key_of(std::string_view spki_hex) {
    return crypto::PublicKey::parse(from_hex(spki_hex).value()).value();
}

TEST(Vkey, GivesBackNameAndKeyOfBothKinds) {
    for (const char* spki : {kEd25519Spki, kP256Spki}) {
        const auto key = key_of(spki);
        const auto named = parse_vkey(audit::vkey("example.org/log", key));
        ASSERT_TRUE(named) << named.error().describe();
        EXPECT_EQ(named.value().name, "example.org/log");
        EXPECT_EQ(named.value().key.id(), key.id());
    }
}

// The example of the C2SP signed-note specification.
TEST(Vkey, ReadsOneThatAnotherImplementationMade) {
    const auto named = parse_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    ASSERT_TRUE(named) << named.error().describe();
    EXPECT_EQ(named.value().name, "PeterNeumann");
    EXPECT_EQ(named.value().key.type(), crypto::KeyType::ed25519);
}

TEST(Vkey, RefusesOneWhoseIdentifierIsOfAnotherNameOrKey) {
    const std::string good = audit::vkey("example.org/log", key_of(kEd25519Spki));
    std::string other_name = good;
    other_name[0] = 'f';
    std::string other_key = good;
    other_key[other_key.size() - 5] = other_key[other_key.size() - 5] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(parse_vkey(good));
    EXPECT_FALSE(parse_vkey(other_name));
    EXPECT_FALSE(parse_vkey(other_key));
}

TEST(Vkey, RefusesWhatIsNone) {
    for (const char* text : {"", "a", "a+b", "a+00000000+", "a+00000000+!!!!", "a+00000000+AQ==", "a+00000000+BQ=="})
        EXPECT_FALSE(parse_vkey(text)) << text;
}

TEST(AuditKey, IsReadFromPemLabelledPublicKeyAndNothingElse) {
    const std::filesystem::path path = testing::TempDir() + "sealwright-cli-audit-key.pem";
    const auto der = from_hex(kEd25519Spki).value();
    ASSERT_TRUE(write_file_atomically(path, view_of(x509::encode_pem("PUBLIC KEY", der))));
    EXPECT_EQ(read_audit_key(path.string()).value().id(), key_of(kEd25519Spki).id());
    ASSERT_TRUE(write_file_atomically(path, view_of(x509::encode_pem("CERTIFICATE", der))));
    EXPECT_FALSE(read_audit_key(path.string()));
    EXPECT_FALSE(read_audit_key("/nonexistent"));
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace sealwright::cli
