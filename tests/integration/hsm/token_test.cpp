// Keys in a SoftHSM token: made, read back, judged, used from many threads; every signature is checked by OpenSSL.
#include "hsm/pkcs11/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "softhsm.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;
using crypto::SignatureAlgorithm;
using crypto::SignatureScheme;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (softhsm_) return;
        softhsm_ = std::make_unique<test::SoftHsm>();
        serial_ = softhsm_->add_token("tests");
        softhsm_->add_token("twin");
        softhsm_->add_token("twin2");
    }
    void SetUp() override {
        auto module = Module::load(softhsm_->module());
        ASSERT_TRUE(module) << module.error().describe();
        module_ = module.value();
    }

    Result<std::shared_ptr<Token>> open() {
        return Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin());
    }

    static Result<Bytes> sign(Token& token, const TokenKey& key, const SignatureAlgorithm& algorithm,
                              ByteView message) {
        SignRequest request;
        request.key = key.id;
        request.algorithm = algorithm;
        request.tbs = message;
        return token.sign(request);
    }

    static std::unique_ptr<test::SoftHsm> softhsm_;
    static std::string serial_;
    std::shared_ptr<Module> module_;
};
std::unique_ptr<test::SoftHsm> TokenTest::softhsm_;
std::string TokenTest::serial_;

std::vector<std::string> codes(const x509::Findings& findings) {
    std::vector<std::string> list;
    for (const auto& finding : findings) list.push_back(finding.code);
    return list;
}

TEST_F(TokenTest, DescribesModuleAndTokens) {
    EXPECT_THAT(module_->info().manufacturer, HasSubstr("SoftHSM"));
    EXPECT_THAT(module_->info().path, HasSubstr("libsofthsm2.so"));
    const std::string digest = test::run_command("sha256sum '" + module_->info().path + "'").substr(0, 64);
    EXPECT_EQ(module_->info().file_sha256.hex(), digest);
    const auto tokens = module_->tokens();
    ASSERT_TRUE(tokens);
    const auto ours = std::find_if(tokens.value().begin(), tokens.value().end(),
                                   [](const TokenInfo& token) { return token.serial == serial_; });
    ASSERT_NE(ours, tokens.value().end());
    EXPECT_EQ(ours->label, "tests");
    EXPECT_TRUE(ours->initialized);
    EXPECT_TRUE(ours->login_required);
    const auto mechanisms = module_->mechanisms(ours->slot_id);
    ASSERT_TRUE(mechanisms);
    EXPECT_THAT(mechanisms.value(), Contains("CKM_ECDSA"));
    EXPECT_THAT(mechanisms.value(), Not(Contains("CKM_ECDSA_SHA256")));
}

TEST_F(TokenTest, GivesOneModuleForOneLibrary) {
    const auto again = Module::load(softhsm_->module());
    ASSERT_TRUE(again);
    EXPECT_EQ(again.value().get(), module_.get());
    const auto other = Module::load(softhsm_->module(), "other arguments");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), ErrorCode::conflict);
    EXPECT_EQ(Module::load("/nonexistent/module.so").error().code(), ErrorCode::not_found);
}

TEST_F(TokenTest, RefusesATokenThatIsNotThereOrNotNamed) {
    EXPECT_EQ(Token::open(module_, TokenSelector{"0000000000000000", {}}, test::SoftHsm::pin()).error().code(),
              ErrorCode::not_found);
    EXPECT_EQ(Token::open(module_, TokenSelector{serial_, "twin"}, test::SoftHsm::pin()).error().code(),
              ErrorCode::not_found);
    EXPECT_EQ(Token::open(module_, TokenSelector{}, test::SoftHsm::pin()).error().code(), ErrorCode::config);
    EXPECT_TRUE(Token::open(module_, TokenSelector{{}, "twin"}, test::SoftHsm::pin()));
}

TEST_F(TokenTest, RefusesAWrongPinOnceAndThenOpensWithTheRightOne) {
    const auto wrong = Token::open(module_, TokenSelector{{}, "twin2"}, Secret::copy_of(view_of("27182819")));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), ErrorCode::denied);
    EXPECT_THAT(wrong.error().describe(), HasSubstr("CKR_PIN_INCORRECT"));
    EXPECT_THAT(wrong.error().describe(), Not(HasSubstr("27182819")));
    EXPECT_TRUE(Token::open(module_, TokenSelector{{}, "twin2"}, test::SoftHsm::pin()));
}

TEST_F(TokenTest, RefusesASecondLoginOfTheProcess) {
    const auto first = open();
    ASSERT_TRUE(first);
    // In SoftHSM, as the standard has it, C_Login would accept this PIN: the process is logged in.
    const auto second = Token::open(module_, TokenSelector{serial_, {}}, Secret::copy_of(view_of("wrong")));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::conflict);
}

struct KeyCase {
    const char* name;
    KeyType type;
    unsigned rsa_bits;
    std::vector<SignatureAlgorithm> algorithms;
};

class KeyTypes : public TokenTest, public ::testing::WithParamInterface<KeyCase> {};

TEST_P(KeyTypes, GenerateSignAndAreVerifiedByOpenSsl) {
    const auto token = open();
    ASSERT_TRUE(token) << token.error().describe();
    KeySpec spec{GetParam().type, GetParam().rsa_bits, GetParam().name, "non-extractable-v1", GetParam().algorithms};
    const auto key = token.value()->generate(spec);
    ASSERT_TRUE(key) << key.error().describe();
    EXPECT_TRUE(key.value().dropped_attributes.empty());
    EXPECT_EQ(key.value().cka_id.size(), 16U);
    EXPECT_EQ(key.value().public_key.type(), GetParam().type);

    const test::TemporaryFolder folder;
    const auto message = bytes_of(view_of("a message of no particular length"));
    test::write_text(folder.path() / "message", text_of(message));
    test::write_text(folder.path() / "spki.der", text_of(key.value().public_key.spki().view()));
    for (const SignatureAlgorithm& algorithm : GetParam().algorithms) {
        SCOPED_TRACE(crypto::signature_name(algorithm));
        const auto signature = sign(*token.value(), key.value(), algorithm, message);
        ASSERT_TRUE(signature) << signature.error().describe();
        EXPECT_TRUE(key.value().public_key.verify(algorithm, message, signature.value()));
        Bytes flipped = message;
        flipped.back() ^= 1;
        EXPECT_FALSE(key.value().public_key.verify(algorithm, flipped, signature.value()));

        test::write_text(folder.path() / "signature", text_of(signature.value()));
        const std::string in = " -in " + (folder.path() / "message").string() + " -sigfile " +
                               (folder.path() / "signature").string() + " -pubin -keyform DER -inkey " +
                               (folder.path() / "spki.der").string();
        std::string options = " -rawin";
        if (!crypto::signs_messages(algorithm.scheme))
            options += " -digest " + std::string{crypto::digest_name(algorithm.digest)};
        if (algorithm.scheme == SignatureScheme::rsa_pss)
            options += " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest";
        EXPECT_THAT(test::run_command("openssl pkeyutl -verify" + in + options),
                    HasSubstr("Signature Verified Successfully"));

        if (crypto::signs_messages(algorithm.scheme)) continue;
        ASSERT_TRUE(token.value()->signs_digests(algorithm));
        const auto from_digest =
            token.value()->sign_digest(key.value().id, algorithm, crypto::digest(algorithm.digest, message));
        ASSERT_TRUE(from_digest) << from_digest.error().describe();
        EXPECT_TRUE(key.value().public_key.verify(algorithm, message, from_digest.value()));
    }

    const auto evidence = token.value()->evidence(key.value().id);
    ASSERT_TRUE(evidence) << evidence.error().describe();
    const auto findings = judge_evidence(evidence.value(), "non-extractable-v1");
    ASSERT_TRUE(findings);
    EXPECT_THAT(codes(findings.value()), ::testing::IsEmpty()) << evidence_json(evidence.value());
    EXPECT_EQ(evidence.value().find("private", "CKA_LOCAL")->value, "true");
    EXPECT_FALSE(evidence.value().find("private", "CKA_UNIQUE_ID")->value);
    EXPECT_EQ(evidence.value().find("private", "CKA_UNIQUE_ID")->why_absent, "CKR_ATTRIBUTE_TYPE_INVALID");
    EXPECT_TRUE(token.value()->destroy(key.value().id));
    EXPECT_EQ(sign(*token.value(), key.value(), GetParam().algorithms.front(), message).error().code(),
              ErrorCode::not_found);
}

constexpr SignatureAlgorithm kEcdsa256{SignatureScheme::ecdsa, DigestAlgorithm::sha256};
constexpr SignatureAlgorithm kEcdsa384{SignatureScheme::ecdsa, DigestAlgorithm::sha384};
constexpr SignatureAlgorithm kEcdsa512{SignatureScheme::ecdsa, DigestAlgorithm::sha512};
constexpr SignatureAlgorithm kPkcs256{SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256};
constexpr SignatureAlgorithm kPkcs384{SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha384};
constexpr SignatureAlgorithm kPkcs512{SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha512};
constexpr SignatureAlgorithm kPss256{SignatureScheme::rsa_pss, DigestAlgorithm::sha256};
constexpr SignatureAlgorithm kPss384{SignatureScheme::rsa_pss, DigestAlgorithm::sha384};
constexpr SignatureAlgorithm kPss512{SignatureScheme::rsa_pss, DigestAlgorithm::sha512};
constexpr SignatureAlgorithm kEd25519{SignatureScheme::ed25519, DigestAlgorithm::sha512};
constexpr SignatureAlgorithm kEd448{SignatureScheme::ed448, DigestAlgorithm::sha512};

INSTANTIATE_TEST_SUITE_P(
    All, KeyTypes,
    ::testing::Values(KeyCase{"p256", KeyType::ec_p256, 0, {kEcdsa256, kEcdsa384, kEcdsa512}},
                      KeyCase{"p384", KeyType::ec_p384, 0, {kEcdsa256, kEcdsa384, kEcdsa512}},
                      KeyCase{"p521", KeyType::ec_p521, 0, {kEcdsa256, kEcdsa384, kEcdsa512}},
                      KeyCase{"rsa2048", KeyType::rsa, 2048, {kPkcs256, kPkcs384, kPkcs512, kPss256, kPss384, kPss512}},
                      KeyCase{"rsa3072", KeyType::rsa, 3072, {kPkcs256, kPkcs384, kPkcs512, kPss256, kPss384, kPss512}},
                      KeyCase{"rsa4096", KeyType::rsa, 4096, {kPkcs256, kPkcs384, kPkcs512, kPss256, kPss384, kPss512}},
                      KeyCase{"ed25519", KeyType::ed25519, 0, {kEd25519}},
                      KeyCase{"ed448", KeyType::ed448, 0, {kEd448}}),
    [](const auto& one) { return std::string{one.param.name}; });

TEST_F(TokenTest, RefusesAMechanismThatTheKeyDoesNotAllow) {
    const auto token = open();
    ASSERT_TRUE(token);
    const auto key = token.value()->generate(KeySpec{KeyType::rsa, 2048, "pss only", "non-extractable-v1", {kPss256}});
    ASSERT_TRUE(key) << key.error().describe();
    const auto one = sign(*token.value(), key.value(), kPss256, view_of("message"));
    ASSERT_TRUE(one) << one.error().describe();
    const auto other = sign(*token.value(), key.value(), kPkcs256, view_of("message"));
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().describe(), HasSubstr("CKR_MECHANISM_INVALID"));
    EXPECT_EQ(sign(*token.value(), key.value(), kEcdsa256, view_of("message")).error().code(), ErrorCode::unsupported);
    const auto after = sign(*token.value(), key.value(), kPss256, view_of("message"));
    EXPECT_TRUE(after) << after.error().describe();
}

TEST_F(TokenTest, RefusesALabelThatIsTaken) {
    const auto token = open();
    ASSERT_TRUE(token);
    ASSERT_TRUE(token.value()->generate(KeySpec{KeyType::ec_p256, 0, "taken", "non-extractable-v1", {}}));
    const auto again = token.value()->generate(KeySpec{KeyType::ec_p384, 0, "taken", "non-extractable-v1", {}});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::already_exists);
    EXPECT_TRUE(token.value()->generate(KeySpec{KeyType::ec_p384, 0, "taken too", "non-extractable-v1", {}}));
}

TEST_F(TokenTest, RefusesASpecThatMakesNoSense) {
    const auto token = open();
    ASSERT_TRUE(token);
    EXPECT_EQ(token.value()->generate(KeySpec{KeyType::rsa, 1024, "short", "non-extractable-v1", {}}).error().code(),
              ErrorCode::config);
    EXPECT_EQ(token.value()->generate(KeySpec{KeyType::ec_p256, 0, "", "non-extractable-v1", {}}).error().code(),
              ErrorCode::config);
    EXPECT_EQ(token.value()->generate(KeySpec{KeyType::ec_p256, 0, "x", "any", {}}).error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(
        token.value()->generate(KeySpec{KeyType::ec_p256, 0, "x", "non-extractable-v1", {kPss256}}).error().code(),
        ErrorCode::config);
    EXPECT_EQ(token.value()->generate(KeySpec{KeyType::ml_dsa_65, 0, "x", "non-extractable-v1", {}}).error().code(),
              ErrorCode::unsupported);
}

TEST_F(TokenTest, FindsItsKeysAgainWhenItIsOpenedAgain) {
    KeyId id;
    {
        const auto token = open();
        ASSERT_TRUE(token);
        const auto key = token.value()->generate(KeySpec{KeyType::ec_p256, 0, "lasting", "non-extractable-v1", {}});
        ASSERT_TRUE(key);
        id = key.value().id;
    }
    const auto token = open();
    ASSERT_TRUE(token) << token.error().describe();
    const auto keys = token.value()->keys();
    ASSERT_TRUE(keys);
    const auto found =
        std::find_if(keys.value().begin(), keys.value().end(), [&](const TokenKey& key) { return key.id == id; });
    ASSERT_NE(found, keys.value().end());
    EXPECT_EQ(found->label, "lasting");
    EXPECT_TRUE(found->has_private);
    const auto signature = sign(*token.value(), *found, kEcdsa256, view_of("message"));
    ASSERT_TRUE(signature);
    EXPECT_TRUE(found->public_key.verify(kEcdsa256, view_of("message"), signature.value()));
}

// A key made by another program with its own template (OpenSC's pkcs11-tool) is used, but its evidence is judged.
TEST_F(TokenTest, FindsWhatIsWrongWithAKeyOfAnotherMaker) {
    test::run_command(
        "pkcs11-tool --module " + softhsm_->module() + " --token-label tests --login --pin " +
        std::string{test::SoftHsm::kPin} +
        " --keypairgen --key-type EC:prime256v1 --id 77 --label foreign --usage-derive --extractable 2>/dev/null");
    const auto token = open();
    ASSERT_TRUE(token);
    const auto keys = token.value()->keys();
    ASSERT_TRUE(keys);
    const auto found = std::find_if(keys.value().begin(), keys.value().end(),
                                    [&](const TokenKey& key) { return key.label == "foreign"; });
    ASSERT_NE(found, keys.value().end());
    EXPECT_EQ(to_hex(found->cka_id), "77");
    const auto evidence = token.value()->evidence(found->id);
    ASSERT_TRUE(evidence);
    const auto findings = judge_evidence(evidence.value(), "non-extractable-v1");
    ASSERT_TRUE(findings);
    EXPECT_TRUE(x509::has_error(findings.value()));
    EXPECT_THAT(codes(findings.value()), Contains("key_extractable"));
    EXPECT_THAT(codes(findings.value()), Contains("key_was_extractable"));
    EXPECT_THAT(codes(findings.value()), Contains("key_can_derive"));
    EXPECT_THAT(codes(findings.value()), Contains("key_modifiable"));
    EXPECT_THAT(codes(findings.value()), Not(Contains("key_not_born_in_token")));
    EXPECT_EQ(judge_evidence(evidence.value(), "something-else").error().code(), ErrorCode::unsupported);
}

TEST_F(TokenTest, SignsFromManyThreadsOnFewerSessions) {
    const auto token = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin(), Token::Options{3, false});
    ASSERT_TRUE(token);
    const auto key = token.value()->generate(KeySpec{KeyType::ec_p256, 0, "threads", "non-extractable-v1", {}});
    ASSERT_TRUE(key);
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 25; ++i) {
                const std::string message = std::to_string(t) + "/" + std::to_string(i);
                const auto signature = sign(*token.value(), key.value(), kEcdsa256, view_of(message));
                if (signature && key.value().public_key.verify(kEcdsa256, view_of(message), signature.value())) ++good;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 200);
}

TEST_F(TokenTest, GivesRandomOctets) {
    const auto token = open();
    ASSERT_TRUE(token);
    const auto one = token.value()->random(32);
    const auto two = token.value()->random(32);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one.value().size(), 32U);
    EXPECT_NE(one.value(), two.value());
}

}  // namespace
}  // namespace sealwright::hsm::pkcs11
