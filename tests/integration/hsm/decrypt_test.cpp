// Decryption and agreement by keys in a SoftHSM token; what is decrypted was encrypted by the openssl program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/key_transport.hpp"
#include "crypto/random.hpp"
#include "hsm/pkcs11/token.hpp"
#include "softhsm.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;
using ::testing::HasSubstr;

class DecryptTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (softhsm_) return;
        ::testing::AddGlobalTestEnvironment(new Closing);
        softhsm_ = std::make_unique<test::SoftHsm>();
        const std::string serial = softhsm_->add_token("tests");
        auto module = Module::load(softhsm_->module());
        auto token = Token::open(module.value(), TokenSelector{serial, {}}, test::SoftHsm::pin());
        ASSERT_TRUE(token) << token.error().describe();
        token_ = token.value();
        rsa_ = make("rsa", KeyType::rsa, 2048);
        ec_ = make("ec", KeyType::ec_p256, 0);
    }
    // The token goes before the module's own memory does; suites that derive from this one share it.
    class Closing : public ::testing::Environment {
        void TearDown() override { token_.reset(); }
    };

    static std::unique_ptr<TokenKey> make(const char* label, KeyType type, unsigned bits) {
        auto key = token_->generate(KeySpec{type, bits, label, std::string{kNonExtractableDecrypt}, {}});
        EXPECT_TRUE(key) << key.error().describe();
        return std::make_unique<TokenKey>(key.value());
    }

    // encrypted is what `openssl pkeyutl -encrypt` makes of content for a key.
    static Bytes encrypted(const TokenKey& key, std::string_view content, const std::string& options) {
        const test::TemporaryFolder folder;
        const auto path = [&](const char* name) { return (folder.path() / name).string(); };
        test::write_text(path("spki"), text_of(key.public_key.spki().view()));
        test::write_text(path("content"), content);
        test::run_command("openssl pkeyutl -encrypt -pubin -keyform DER -inkey " + path("spki") + " -in " +
                          path("content") + " -out " + path("out") + " " + options);
        return bytes_of(view_of(test::read_text(path("out"))));
    }

    static DecryptRequest request(const TokenKey& key, DecryptScheme scheme, const Bytes& input,
                                  std::size_t secret_size = 0) {
        DecryptRequest asked;
        asked.key = key.id;
        asked.scheme = scheme;
        asked.digest = DigestAlgorithm::sha1;
        asked.input = input;
        asked.secret_size = secret_size;
        return asked;
    }

    static std::unique_ptr<test::SoftHsm> softhsm_;
    static std::shared_ptr<Token> token_;
    static std::unique_ptr<TokenKey> rsa_, ec_;
};
std::unique_ptr<test::SoftHsm> DecryptTest::softhsm_;
std::shared_ptr<Token> DecryptTest::token_;
std::unique_ptr<TokenKey> DecryptTest::rsa_, DecryptTest::ec_;

constexpr std::string_view kContentKey = "0123456789abcdef0123456789abcdef";
constexpr const char* kOaepSha1 = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1";
constexpr const char* kOaepSha256 =
    "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256";
constexpr const char* kPkcs1 = "-pkeyopt rsa_padding_mode:pkcs1";

TEST_F(DecryptTest, DecryptsOaepAndRefusesABlockThatIsChanged) {
    Bytes block = encrypted(*rsa_, kContentKey, kOaepSha1);
    const auto content = token_->decrypt(request(*rsa_, DecryptScheme::rsa_oaep, block));
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_EQ(text_of(content.value().reveal()), kContentKey);
    block.back() ^= 1;
    EXPECT_EQ(token_->decrypt(request(*rsa_, DecryptScheme::rsa_oaep, block)).error().code(), ErrorCode::malformed);
    block.pop_back();
    EXPECT_EQ(token_->decrypt(request(*rsa_, DecryptScheme::rsa_oaep, block)).error().code(), ErrorCode::malformed);
}

// SoftHSM 2.6.1 has OAEP with SHA-1 alone; a token that has SHA-256 decrypts.
TEST_F(DecryptTest, SaysWhereTheTokenLacksADigestOfOaep) {
    const Bytes block = encrypted(*rsa_, kContentKey, kOaepSha256);
    auto asked = request(*rsa_, DecryptScheme::rsa_oaep, block);
    asked.digest = DigestAlgorithm::sha256;
    const auto content = token_->decrypt(asked);
    if (content) {
        EXPECT_EQ(text_of(content.value().reveal()), kContentKey);
    } else {
        EXPECT_EQ(content.error().code(), ErrorCode::unsupported) << content.error().describe();
    }
    // The key and its session are as good as before.
    const Bytes other = encrypted(*rsa_, kContentKey, kOaepSha1);
    EXPECT_TRUE(token_->decrypt(request(*rsa_, DecryptScheme::rsa_oaep, other)));
}

TEST_F(DecryptTest, DecryptsPkcs1) {
    const Bytes block = encrypted(*rsa_, kContentKey, kPkcs1);
    const auto content = token_->decrypt(request(*rsa_, DecryptScheme::rsa_pkcs1, block, kContentKey.size()));
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_EQ(text_of(content.value().reveal()), kContentKey);
}

// Whoever asks with a block of his own making learns nothing: not whether its padding held, not what was in it.
TEST_F(DecryptTest, GivesAKeyForEveryPkcs1BlockWhetherItDecryptsOrNot) {
    const Bytes good = encrypted(*rsa_, kContentKey, kPkcs1);
    Bytes changed = good;
    changed.back() ^= 1;
    const auto ask = [&](const Bytes& block, std::size_t size) {
        auto content = token_->decrypt(request(*rsa_, DecryptScheme::rsa_pkcs1, block, size));
        EXPECT_TRUE(content) << content.error().describe();
        return bytes_of(content.value().reveal());
    };
    const Bytes stand_in = ask(changed, 32);
    EXPECT_EQ(stand_in.size(), 32U);
    EXPECT_NE(text_of(stand_in), kContentKey);
    EXPECT_EQ(ask(changed, 32), stand_in);  // asked again it is the same, as a true content would be
    Bytes other = changed;
    other.front() ^= 1;
    EXPECT_NE(ask(other, 32), stand_in);
    // Nor does asking for another length tell it: the true content has no shorter form that is its beginning.
    const Bytes one_less = ask(changed, 31);
    EXPECT_NE(one_less, Bytes(stand_in.begin(), stand_in.end() - 1));
    EXPECT_EQ(ask(changed, 31), one_less);
    // A content of another length than was asked for is rejected in the same way.
    const Bytes shorter = ask(good, 16);
    EXPECT_EQ(shorter.size(), 16U);
    EXPECT_NE(text_of(shorter), kContentKey.substr(0, 16));
    EXPECT_EQ(token_->decrypt(request(*rsa_, DecryptScheme::rsa_pkcs1, good, 0)).error().code(), ErrorCode::malformed);
    EXPECT_EQ(token_->decrypt(request(*rsa_, DecryptScheme::rsa_pkcs1, good, 65)).error().code(), ErrorCode::malformed);
}

// Whoever enrols a location has a key that does not sign prove itself so.
TEST_F(DecryptTest, ProvesAKeyByDecryptionAndNoneThatIsAnother) {
    EXPECT_TRUE(token_->prove_decryption(*rsa_));
    EXPECT_TRUE(token_->prove_decryption(*ec_));
    TokenKey mistaken = *rsa_;  // encrypted to one, decrypted by the other
    mistaken.public_key = make("another rsa", KeyType::rsa, 2048)->public_key;
    EXPECT_FALSE(token_->prove_decryption(mistaken));
    mistaken = *ec_;
    mistaken.public_key = make("another ec", KeyType::ec_p256, 0)->public_key;
    EXPECT_FALSE(token_->prove_decryption(mistaken));
}

class Agreement : public DecryptTest, public ::testing::WithParamInterface<KeyType> {};

TEST_P(Agreement, IsOnTheCoordinateThatOpensslDerives) {
    const char* curve = GetParam() == KeyType::ec_p256 ? "P-256" : GetParam() == KeyType::ec_p384 ? "P-384" : "P-521";
    const auto key = make(curve, GetParam(), 0);
    const test::TemporaryFolder folder;
    const auto path = [&](const char* name) { return (folder.path() / name).string(); };
    test::write_text(path("spki"), text_of(key->public_key.spki().view()));
    test::run_command(std::string{"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:"} + curve + " -out " +
                      path("peer") + " && openssl pkey -in " + path("peer") + " -pubout -outform DER -out " +
                      path("peer.spki") + " && openssl pkeyutl -derive -inkey " + path("peer") +
                      " -peerform DER -peerkey " + path("spki") + " -out " + path("shared"));
    const auto peer = crypto::PublicKey::parse(view_of(test::read_text(path("peer.spki"))));
    ASSERT_TRUE(peer);
    Bytes point = bytes_of(peer.value().public_bits());
    const auto shared = token_->decrypt(request(*key, DecryptScheme::ecdh, point));
    ASSERT_TRUE(shared) << shared.error().describe();
    EXPECT_EQ(text_of(shared.value().reveal()), test::read_text(path("shared")));
    point.back() ^= 1;
    EXPECT_EQ(token_->decrypt(request(*key, DecryptScheme::ecdh, point)).error().code(), ErrorCode::malformed);
    EXPECT_EQ(
        token_->decrypt(request(*key, DecryptScheme::ecdh, Bytes(point.begin(), point.begin() + 33))).error().code(),
        ErrorCode::malformed);
    EXPECT_TRUE(token_->destroy(key->id));
}

INSTANTIATE_TEST_SUITE_P(Curves, Agreement, ::testing::Values(KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521),
                         [](const auto& one) { return "bits" + std::to_string(static_cast<int>(one.param)); });

// A coordinate that begins with a zero keeps it (X9.63): one agreement in 256 would fail otherwise.
TEST_F(DecryptTest, KeepsTheLeadingZerosOfACoordinate) {
    crypto::SystemRandom random;
    int seen = 0;
    for (int i = 0; i < 4000 && seen < 3; ++i) {
        std::array<std::uint8_t, 32> scalar{};
        random.fill(scalar);
        scalar[0] = 0;
        const auto share = crypto::ecdh_with_scalar(ec_->public_key, scalar);
        ASSERT_TRUE(share);
        if (share.value().shared_x.reveal()[0] != 0) continue;
        ++seen;
        Bytes point{0x04};
        append(point, share.value().ephemeral_x);
        append(point, share.value().ephemeral_y);
        const auto shared = token_->decrypt(request(*ec_, DecryptScheme::ecdh, point));
        ASSERT_TRUE(shared) << shared.error().describe();
        EXPECT_TRUE(equal(shared.value().reveal(), share.value().shared_x.reveal()));
    }
    EXPECT_EQ(seen, 3);
}

TEST_F(DecryptTest, HasEvidenceOfItsOwnTemplateAndDoesNotSign) {
    for (const auto* key : {rsa_.get(), ec_.get()}) {
        const auto evidence = token_->evidence(key->id);
        ASSERT_TRUE(evidence);
        const auto findings = judge_evidence(evidence.value(), kNonExtractableDecrypt);
        ASSERT_TRUE(findings);
        EXPECT_TRUE(findings.value().empty()) << findings.value().front().detail << evidence_json(evidence.value());
        EXPECT_TRUE(x509::has_error(judge_evidence(evidence.value(), kNonExtractable).value()));
        SignRequest signing;
        signing.key = key->id;
        signing.algorithm = crypto::default_algorithm(key->public_key.type());
        signing.tbs = view_of("message");
        EXPECT_FALSE(token_->sign(signing));
    }
    const auto signs = token_->generate(KeySpec{KeyType::rsa, 2048, "signs", std::string{kNonExtractable}, {}});
    ASSERT_TRUE(signs);
    const Bytes block = encrypted(signs.value(), kContentKey, kPkcs1);
    const auto refused = token_->decrypt(request(signs.value(), DecryptScheme::rsa_pkcs1, block, 32));
    EXPECT_FALSE(refused);
}

TEST_F(DecryptTest, RefusesAWayThatTheKeyDoesNotHave) {
    EXPECT_EQ(token_->decrypt(request(*ec_, DecryptScheme::rsa_oaep, Bytes(256))).error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(token_->decrypt(request(*rsa_, DecryptScheme::ecdh, Bytes(65))).error().code(), ErrorCode::unsupported);
    TokenKey absent = *rsa_;
    absent.id = KeyId{};
    EXPECT_EQ(token_->decrypt(request(absent, DecryptScheme::rsa_oaep, Bytes(256))).error().code(),
              ErrorCode::not_found);
    EXPECT_EQ(
        token_->generate(KeySpec{KeyType::ed25519, 0, "x", std::string{kNonExtractableDecrypt}, {}}).error().code(),
        ErrorCode::config);
}

}  // namespace
}  // namespace sealwright::hsm::pkcs11
