// MakeCredential without a TPM, against another implementation's vectors and against a TPM of software that uses
// OpenSSL's own derivations.
#include <boost/json.hpp>

#include "attestation/credential.hpp"
#include "attestation/tpm_names.hpp"
#include "crypto/key_derivation.hpp"
#include "crypto/key_transport.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

// vectors reads one of the files; nothing where the folder is not given, which is said aloud.
std::optional<boost::json::array> vectors(const std::string& name) {
    const char* folder = std::getenv("SEALWRIGHT_VECTORS");
    if (folder == nullptr) {
        std::cerr << "SEALWRIGHT_VECTORS is not set: the vectors of " << name << " are NOT tested\n";
        return std::nullopt;
    }
    std::ifstream in{std::filesystem::path{folder} / "tpm-kdf" / name};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    return boost::json::parse(text).as_array();
}

std::string text_at(const boost::json::value& one, const char* key) {
    const auto* value = one.as_object().if_contains(key);
    return value == nullptr || !value->is_string() ? std::string{} : std::string{value->as_string()};
}
Bytes octets_at(const boost::json::value& one, const char* key) { return from_hex(text_at(one, key)).value(); }
crypto::DigestAlgorithm digest_at(const boost::json::value& one) {
    return tpm_digest(static_cast<std::uint16_t>(one.at("HashAlg").as_int64())).value();
}
unsigned bits_at(const boost::json::value& one) { return static_cast<unsigned>(one.at("Bits").as_int64()); }

TEST(Credential, KdfaGivesTheVectorsResults) {
    const auto all = vectors("kdfa.json");
    if (!all) GTEST_SKIP() << "no vectors";
    for (const auto& one : *all) {
        const Bytes key = octets_at(one, "Key"), u = octets_at(one, "ContextU"), v = octets_at(one, "ContextV");
        const std::string label = text_at(one, "Label");
        const Secret result = crypto::kdfa(digest_at(one), {key, label, u, v, bits_at(one)});
        EXPECT_TRUE(equal(result.reveal(), octets_at(one, "Result"))) << text_at(one, "Name");
    }
    EXPECT_EQ(all->size(), 100U);
}

TEST(Credential, KdfeGivesTheVectorsResults) {
    const auto all = vectors("kdfe.json");
    if (!all) GTEST_SKIP() << "no vectors";
    for (const auto& one : *all) {
        const Bytes z = octets_at(one, "Z"), u = octets_at(one, "ContextU"), v = octets_at(one, "ContextV");
        const std::string label = text_at(one, "Label");
        const Secret result = crypto::kdfe(digest_at(one), {z, label, u, v, bits_at(one)});
        EXPECT_TRUE(equal(result.reveal(), octets_at(one, "Result"))) << text_at(one, "Name");
    }
    EXPECT_EQ(all->size(), 100U);
}

TEST(Credential, EncapsulatesForRsaAsTheVectorsDo) {
    const auto all = vectors("rsa_labeled_encaps.json");
    if (!all) GTEST_SKIP() << "no vectors";
    for (const auto& one : *all) {
        const auto key = parse_public(octets_at(one, "PublicKey"));
        ASSERT_TRUE(key) << text_at(one, "Name") << key.error().describe();
        const auto wrapped =
            wrap_rsa(key.value(), text_at(one, "Label"), octets_at(one, "Secret"), octets_at(one, "OAEPSalt"));
        ASSERT_TRUE(wrapped) << text_at(one, "Name");
        EXPECT_EQ(wrapped.value().encrypted, octets_at(one, "Ciphertext")) << text_at(one, "Name");
    }
    EXPECT_EQ(all->size(), 100U);
}

TEST(Credential, EncapsulatesForEccAsTheVectorsDo) {
    const auto all = vectors("ecc_labeled_encaps.json");
    if (!all) GTEST_SKIP() << "no vectors";
    std::size_t unsupported = 0;
    for (const auto& one : *all) {
        // One-pass MQV is nothing that an EK could have, and keys with it are not read.
        if (text_at(one, "Name").find("ECMQV") != std::string::npos) {
            EXPECT_EQ(parse_public(octets_at(one, "PublicKey")).error().code(), ErrorCode::unsupported);
            ++unsupported;
            continue;
        }
        const auto key = parse_public(octets_at(one, "PublicKey"));
        ASSERT_TRUE(key) << text_at(one, "Name") << key.error().describe();
        const auto wrapped = wrap_ecc(key.value(), text_at(one, "Label"), octets_at(one, "EphemeralPrivate"));
        ASSERT_TRUE(wrapped) << text_at(one, "Name");
        EXPECT_EQ(wrapped.value().encrypted, octets_at(one, "Ciphertext")) << text_at(one, "Name");
        EXPECT_TRUE(equal(wrapped.value().seed.reveal(), octets_at(one, "Secret"))) << text_at(one, "Name");
    }
    EXPECT_EQ(all->size(), 100U);
    EXPECT_LT(unsupported, 30U);
}

TEST(Credential, TheTpmOfEveryTemplateOpensItAndNoChangedOne) {
    SeededRandom random;
    for (const std::string_view name : {"L-1", "L-2", "H-1", "H-2", "H-3", "H-4", "H-6", "H-7"}) {
        const FakeTpm tpm{ek_of_template(name), ak_of(KeyType::ec_p256)};
        const Bytes secret(32, 0x5A);
        const auto made = make_credential(tpm.ek().area(), name_of(tpm.ak().area()), secret, random);
        ASSERT_TRUE(made) << name;
        const auto opened = tpm.activate(made.value().blob, made.value().encrypted_secret);
        ASSERT_TRUE(opened) << name << opened.error().describe();
        EXPECT_EQ(opened.value(), secret) << name;
        for (const std::size_t at : {std::size_t{2}, std::size_t{5}, made.value().blob.size() - 1}) {
            Bytes changed = made.value().blob;
            changed[at] ^= 1U;
            const auto other = tpm.activate(changed, made.value().encrypted_secret);
            EXPECT_FALSE(other) << name << " with octet " << at << " of the blob changed";
        }
    }
}

TEST(Credential, RefusesWhatCannotBeMade) {
    SeededRandom random;
    const TpmPublic ek = ek_of_template("L-2").area();
    const Bytes name = name_of(ak_of(KeyType::ec_p256).area());
    EXPECT_TRUE(make_credential(ek, name, Bytes(32), random));
    EXPECT_EQ(make_credential(ek, name, Bytes(33), random).error().code(), ErrorCode::too_large);
    TpmPublic plain = ek;
    plain.symmetric = {};
    EXPECT_EQ(make_credential(plain, name, Bytes(32), random).error().code(), ErrorCode::unsupported);
    TpmPublic off_curve = ek;
    std::get<EccPublic>(off_curve.unique).y.back() ^= 1U;
    EXPECT_EQ(make_credential(off_curve, name, Bytes(32), random).error().code(), ErrorCode::malformed);
}

TEST(Credential, DrawsAScalarAgainThatIsNoKey) {
    SeededRandom random;
    random.next_fill_gives(Bytes(32, 0x00));
    random.next_fill_gives(Bytes(32, 0xFF));
    const FakeTpm tpm{ek_of_template("L-2"), ak_of(KeyType::ec_p256)};
    const auto made = make_credential(tpm.ek().area(), name_of(tpm.ak().area()), Bytes(32, 1), random);
    ASSERT_TRUE(made);
    EXPECT_EQ(tpm.activate(made.value().blob, made.value().encrypted_secret).value(), Bytes(32, 1));
}

TEST(Credential, ChallengesDiffer) {
    Scene scene;
    const Challenge a = scene.challenge(), b = scene.challenge();
    EXPECT_NE(a.nonce, b.nonce);
    EXPECT_NE(a.secret_digest, b.secret_digest);
    EXPECT_NE(a.encrypted_secret, b.encrypted_secret);
    EXPECT_EQ(a.nonce.size(), kNonceSize);
}

}  // namespace
}  // namespace sealwright::attestation::test
