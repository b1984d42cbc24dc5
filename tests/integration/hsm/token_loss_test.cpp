// A token that loses sessions, logins, handles and answers: what is healed, what is said to be unknown, and that
// nothing is signed twice. The faulty module stands between and counts the signatures that were really made.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "hsm/pkcs11/token.hpp"
#include "softhsm.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::KeyType;
using ::testing::HasSubstr;

constexpr crypto::SignatureAlgorithm kEcdsa256{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};

class TokenLoss : public ::testing::Test {
protected:
    // Once for the whole program, not for each suite of parameters: module and environment stay as they are once
    // loaded.
    static void SetUpTestSuite() {
        if (softhsm_) return;
        softhsm_ = std::make_unique<test::SoftHsm>();
        serial_ = softhsm_->add_token("losses");
        faulty_ = std::getenv("SEALWRIGHT_TEST_FAULTY_MODULE");
        ::setenv("SEALWRIGHT_FAULTY_MODULE", softhsm_->module().c_str(), 1);
        ::setenv("SEALWRIGHT_FAULTY_COUNT", (softhsm_->folder() / "count").c_str(), 1);
        ::setenv("SEALWRIGHT_FAULTY_SCRIPT", (softhsm_->folder() / "script").c_str(), 1);
    }
    void SetUp() override {
        inject("");
        auto module = Module::load(faulty_);
        ASSERT_TRUE(module) << module.error().describe();
        module_ = module.value();
        open(true);
        const std::string label = ::testing::UnitTest::GetInstance()->current_test_info()->name();
        auto key = token_->generate(KeySpec{KeyType::ec_p256, 0, label, "non-extractable-v1", {}});
        ASSERT_TRUE(key) << key.error().describe();
        key_ = std::make_unique<TokenKey>(key.value());
        counted_ = count();
    }
    void TearDown() override {
        inject("");
        if (token_ && key_) (void)token_->destroy(key_->id);
    }

    void open(bool keep_pin) {
        token_.reset();
        auto token =
            Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin(), Token::Options{4, keep_pin});
        ASSERT_TRUE(token) << token.error().describe();
        token_ = token.value();
    }

    static void inject(std::string_view script) { test::write_text(softhsm_->folder() / "script", script); }
    static std::size_t count() {
        const std::string text = test::read_text(softhsm_->folder() / "count");
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    std::size_t newly_counted() const { return count() - counted_; }

    Result<Bytes> sign() {
        SignRequest request;
        request.key = key_->id;
        request.algorithm = kEcdsa256;
        request.tbs = view_of("message");
        auto signature = token_->sign(request);
        if (!signature) return signature;
        EXPECT_TRUE(key_->public_key.verify(kEcdsa256, view_of("message"), signature.value()));
        return signature;
    }

    // dropped is what a new key was made without when the token had refused this often.
    std::vector<std::string> dropped(int refusals, const char* code) {
        inject(refusals == 0 ? "" : "C_GenerateKeyPair count=" + std::to_string(refusals) + " return=" + code + "\n");
        const std::string label = code + std::to_string(refusals);
        const auto key = token_->generate(KeySpec{KeyType::ec_p256, 0, label, "non-extractable-v1", {}});
        EXPECT_TRUE(key) << key.error().describe();
        EXPECT_TRUE(token_->destroy(key.value().id));
        return key.value().dropped_attributes;
    }
    static std::vector<std::string> all_of_public() {
        return {"public CKA_MODIFIABLE", "public CKA_WRAP", "public CKA_ENCRYPT", "public CKA_VERIFY"};
    }

    CK_FUNCTION_LIST& functions() const {
        void* library = ::dlopen(faulty_.c_str(), RTLD_NOW | RTLD_NOLOAD);
        const auto get = reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(::dlsym(library, "C_GetFunctionList"));
        CK_FUNCTION_LIST* list = nullptr;
        get(&list);
        ::dlclose(library);
        return *list;
    }

    static std::unique_ptr<test::SoftHsm> softhsm_;
    static std::string serial_;
    static std::string faulty_;
    std::shared_ptr<Module> module_;
    std::shared_ptr<Token> token_;
    std::unique_ptr<TokenKey> key_;
    std::size_t counted_ = 0;
};
std::unique_ptr<test::SoftHsm> TokenLoss::softhsm_;
std::string TokenLoss::serial_;
std::string TokenLoss::faulty_;

TEST_F(TokenLoss, SignsAgainAfterAllSessionsWereClosed) {
    ASSERT_TRUE(sign());
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    const auto signature = sign();
    EXPECT_TRUE(signature) << signature.error().describe();
    EXPECT_EQ(newly_counted(), 2U);
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    EXPECT_TRUE(token_->keys());
    EXPECT_TRUE(token_->random(8));
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    const auto evidence = token_->evidence(key_->id);
    ASSERT_TRUE(evidence) << evidence.error().describe();
    EXPECT_EQ(evidence.value().find("private", "CKA_LOCAL")->value, "true");
}

TEST_F(TokenLoss, SaysThatThePinWasNotKept) {
    open(false);
    ASSERT_TRUE(sign());
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    const auto signature = sign();
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code(), ErrorCode::unavailable);
    EXPECT_THAT(signature.error().public_detail(), HasSubstr("PIN was not kept"));
    open(true);
    EXPECT_TRUE(sign());
}

TEST_F(TokenLoss, NeverTriesARefusedPinAgain) {
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    inject("C_Login count=1 return=CKR_PIN_INCORRECT\n");
    EXPECT_EQ(sign().error().code(), ErrorCode::denied);
    // The next C_Login would succeed: if it were called, these would sign.
    for (int i = 0; i < 3; ++i) {
        ::usleep(300000);
        EXPECT_EQ(sign().error().code(), ErrorCode::denied);
    }
    EXPECT_EQ(newly_counted(), 0U);
    open(true);
}

class LossAtBegin : public TokenLoss, public ::testing::WithParamInterface<const char*> {};

TEST_P(LossAtBegin, IsHealedOnceAndSignsOnce) {
    inject(std::string{"C_SignInit count=1 return="} + GetParam() + "\n");
    const auto signature = sign();
    EXPECT_TRUE(signature) << signature.error().describe();
    EXPECT_EQ(newly_counted(), 1U);
}

TEST_P(LossAtBegin, ThatLastsIsUnavailableAndHealsLater) {
    inject(std::string{"C_SignInit count=0 return="} + GetParam() + "\n");
    const auto signature = sign();
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code(), ErrorCode::unavailable);
    EXPECT_EQ(newly_counted(), 0U);
    inject("");
    EXPECT_TRUE(sign());
}

INSTANTIATE_TEST_SUITE_P(Codes, LossAtBegin,
                         ::testing::Values("CKR_SESSION_HANDLE_INVALID", "CKR_SESSION_CLOSED", "CKR_DEVICE_REMOVED",
                                           "CKR_TOKEN_NOT_PRESENT", "CKR_DEVICE_ERROR", "CKR_USER_NOT_LOGGED_IN",
                                           "CKR_KEY_HANDLE_INVALID", "CKR_OBJECT_HANDLE_INVALID"));

class AmbiguousAnswer : public TokenLoss, public ::testing::WithParamInterface<const char*> {};

TEST_P(AmbiguousAnswer, IsIndeterminateAndNotTriedAgain) {
    inject(std::string{"C_Sign count=1 call=yes return="} + GetParam() + "\n");
    const auto signature = sign();
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code(), ErrorCode::indeterminate);
    EXPECT_EQ(newly_counted(), 1U);  // made and hidden; a second would be the error
    EXPECT_TRUE(sign());
    EXPECT_EQ(newly_counted(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Codes, AmbiguousAnswer,
                         ::testing::Values("CKR_DEVICE_ERROR", "CKR_FUNCTION_FAILED", "CKR_GENERAL_ERROR",
                                           "CKR_DEVICE_REMOVED", "CKR_HOST_MEMORY", "CKR_DEVICE_MEMORY",
                                           "CKR_SESSION_CLOSED", "CKR_FUNCTION_CANCELED", "0x80000123"));

class SureRefusal : public TokenLoss, public ::testing::WithParamInterface<const char*> {};

TEST_P(SureRefusal, IsNoIndeterminateSignature) {
    inject(std::string{"C_Sign count=1 return="} + GetParam() + "\n");
    const auto signature = sign();
    ASSERT_FALSE(signature);
    EXPECT_NE(signature.error().code(), ErrorCode::indeterminate);
    EXPECT_EQ(newly_counted(), 0U);
    EXPECT_TRUE(sign());
}

INSTANTIATE_TEST_SUITE_P(Codes, SureRefusal,
                         ::testing::Values("CKR_DATA_LEN_RANGE", "CKR_KEY_FUNCTION_NOT_PERMITTED",
                                           "CKR_OPERATION_NOT_INITIALIZED", "CKR_FUNCTION_REJECTED"));

TEST_F(TokenLoss, HealsASessionThatWasGoneBeforeSigning) {
    inject("C_Sign count=1 return=CKR_SESSION_HANDLE_INVALID\n");
    EXPECT_TRUE(sign());
    EXPECT_EQ(newly_counted(), 1U);
}

TEST_F(TokenLoss, DoesNotHangWhenNoSessionOpens) {
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    inject("C_OpenSession count=0 return=CKR_DEVICE_REMOVED\n");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(sign().error().code(), ErrorCode::unavailable);
    EXPECT_EQ(sign().error().code(), ErrorCode::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
    inject("");
    ::usleep(300000);
    EXPECT_TRUE(sign());
}

// Another key under the same label and CKA_ID is not the key: only the public value tells.
TEST_F(TokenLoss, RefusesAKeyThatWasReplacedMeanwhile) {
    ASSERT_TRUE(sign());
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    const std::string tool = "pkcs11-tool --module " + softhsm_->module() + " --token-label losses --login --pin " +
                             std::string{test::SoftHsm::kPin};
    const std::string id = to_hex(key_->cka_id);
    test::run_command(tool + " --delete-object --type privkey --id " + id + " 2>/dev/null");
    test::run_command(tool + " --delete-object --type pubkey --id " + id + " 2>/dev/null");
    test::run_command(tool + " --keypairgen --key-type EC:prime256v1 --id " + id + " --label " + key_->label +
                      " 2>/dev/null");
    const auto signature = sign();
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code(), ErrorCode::conflict);
    EXPECT_EQ(newly_counted(), 1U);  // by the key that was
}

TEST_F(TokenLoss, RecoversOnceForManyThreads) {
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 10; ++i) good += sign() ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 80);
    EXPECT_EQ(newly_counted(), 80U);
}

// A template that the token refuses: optional attributes are left out and named, the key is made once.
TEST_F(TokenLoss, LeavesOutOptionalAttributesThatTheTokenRefuses) {
    // What the public half may do goes first: one of it, all of it, then one of the private half, then more of that.
    using ::testing::ElementsAre;
    constexpr const char* kCode = "CKR_ATTRIBUTE_TYPE_INVALID";
    EXPECT_THAT(dropped(0, kCode), ElementsAre());
    EXPECT_THAT(dropped(1, kCode), ElementsAre("public CKA_MODIFIABLE"));
    EXPECT_THAT(dropped(4, kCode), ElementsAre("public CKA_VERIFY"));
    EXPECT_EQ(dropped(5, kCode), all_of_public());
    EXPECT_THAT(dropped(6, kCode), ElementsAre("private CKA_ALLOWED_MECHANISMS"));
    EXPECT_THAT(dropped(7, kCode), ElementsAre("private CKA_COPYABLE"));
    EXPECT_THAT(dropped(12, kCode), ElementsAre("private CKA_ALLOWED_MECHANISMS", "private CKA_COPYABLE"));
    EXPECT_EQ(dropped(22, kCode).size(), 10U);
    EXPECT_THAT(dropped(0, kCode), ElementsAre());
    inject("C_GenerateKeyPair count=12 return=CKR_ATTRIBUTE_TYPE_INVALID\n");
    const auto key = token_->generate(KeySpec{KeyType::ec_p256, 0, "fewer attributes", "non-extractable-v1", {}});
    ASSERT_TRUE(key) << key.error().describe();
    const auto evidence = token_->evidence(key.value().id);
    ASSERT_TRUE(evidence);
    const auto findings = judge_evidence(evidence.value(), "non-extractable-v1");
    ASSERT_TRUE(findings);
    EXPECT_TRUE(x509::has_error(findings.value()));  // copyable by the token's default
    EXPECT_TRUE(token_->destroy(key.value().id));
}

TEST_F(TokenLoss, NeverTriesAGenerationAgainThatMayHaveHappened) {
    inject("C_GenerateKeyPair count=1 call=yes return=CKR_DEVICE_ERROR\n");
    const auto key = token_->generate(KeySpec{KeyType::ec_p256, 0, "once", "non-extractable-v1", {}});
    ASSERT_FALSE(key);
    const auto keys = token_->keys();
    ASSERT_TRUE(keys);
    EXPECT_EQ(std::count_if(keys.value().begin(), keys.value().end(),
                            [](const TokenKey& found) { return found.label == "once"; }),
              1);
}

// Behind CKR_GENERAL_ERROR few attempts are made, since they may cost the token something, and the way that it took is
// the first for the next key.
TEST_F(TokenLoss, RemembersWhatTheTokenTookBehindAGeneralError) {
    using ::testing::ElementsAre;
    constexpr const char* kCode = "CKR_GENERAL_ERROR";
    EXPECT_EQ(dropped(1, kCode), all_of_public());
    EXPECT_EQ(dropped(0, kCode), all_of_public());
    open(true);
    EXPECT_THAT(dropped(0, kCode), ElementsAre());
    EXPECT_THAT(dropped(2, kCode), ElementsAre("private CKA_ALLOWED_MECHANISMS"));
    open(true);
    EXPECT_THAT(dropped(8, kCode), ElementsAre("private CKA_ALLOWED_MECHANISMS", "private CKA_COPYABLE"));
    EXPECT_THAT(dropped(0, kCode), ElementsAre("private CKA_ALLOWED_MECHANISMS", "private CKA_COPYABLE"));
    open(true);
    EXPECT_EQ(dropped(18, kCode).size(), 10U);
}

// CKR_GENERAL_ERROR says nothing of the template and nothing of the key: whether one was made is looked up.
TEST_F(TokenLoss, NeverMakesAKeyTwiceBehindAGeneralError) {
    const auto labelled = [&](const std::string& label) {
        const auto keys = token_->keys().value();
        return std::count_if(keys.begin(), keys.end(), [&](const TokenKey& key) { return key.label == label; });
    };
    const auto generate = [&](const std::string& label) {
        return token_->generate(KeySpec{KeyType::ec_p256, 0, label, "non-extractable-v1", {}});
    };
    inject("C_GenerateKeyPair count=1 call=yes return=CKR_GENERAL_ERROR\n");
    const auto made = generate("made all the same");
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().describe(), HasSubstr("left an object behind"));
    EXPECT_EQ(labelled("made all the same"), 1);
    // Nor where the token has made it and not even given it its identifier.
    inject("C_GenerateKeyPair count=1 call=yes return=CKR_GENERAL_ERROR ignore=CKA_ID\n");
    const auto nameless = generate("made without a name");
    ASSERT_FALSE(nameless);
    EXPECT_THAT(nameless.error().describe(), HasSubstr("another number of private keys"));
    // Nor where it cannot be looked up.
    inject(
        "C_GenerateKeyPair count=1 call=yes return=CKR_GENERAL_ERROR\n"
        "C_FindObjectsInit after=5 count=0 return=CKR_GENERAL_ERROR\n");
    EXPECT_FALSE(generate("not to be looked up"));
    inject("");
    EXPECT_LE(labelled("not to be looked up"), 1);
    // A token that refuses for ever is asked a bounded number of times.
    inject("C_GenerateKeyPair count=0 return=CKR_GENERAL_ERROR\n");
    const auto never = generate("never");
    ASSERT_FALSE(never);
    EXPECT_THAT(never.error().describe(), HasSubstr("CKR_GENERAL_ERROR"));
    inject("");
    EXPECT_EQ(labelled("never"), 0);
}

// A token without read-only sessions: read/write ones are used, from the first login on and behind every loss.
TEST_F(TokenLoss, OpensReadWriteSessionsWhereTheTokenHasNoOthers) {
    ASSERT_TRUE(token_->destroy(key_->id));
    const auto session_state = [&] {
        CK_SESSION_INFO info{};
        for (CK_SESSION_HANDLE handle = 1; handle < 1000; ++handle) {
            if (functions().C_GetSessionInfo(handle, &info) == CKR_OK && info.state == CKS_RO_USER_FUNCTIONS)
                return "read-only";
        }
        return "read/write";
    };
    EXPECT_STREQ(session_state(), "read-only");
    for (const char* code : {"CKR_FUNCTION_FAILED", "CKR_SESSION_READ_ONLY", "CKR_ARGUMENTS_BAD"}) {
        SCOPED_TRACE(code);
        token_.reset();
        inject(std::string{"C_OpenSession read_only="} + code + "\n");
        open(true);
        auto key = token_->generate(KeySpec{KeyType::ec_p256, 0, code, "non-extractable-v1", {}});
        ASSERT_TRUE(key) << key.error().describe();
        key_ = std::make_unique<TokenKey>(key.value());
        EXPECT_TRUE(sign());
        EXPECT_STREQ(session_state(), "read/write");
        ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
        EXPECT_TRUE(sign());
        EXPECT_STREQ(session_state(), "read/write");
        EXPECT_TRUE(token_->destroy(key_->id));
    }
    // Another refusal is none of the kind of session.
    token_.reset();
    inject("C_OpenSession read_only=CKR_SESSION_COUNT\n");
    auto busy = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin());
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code(), ErrorCode::overloaded);
    // And where no kind opens, the first refusal is what is said.
    inject("C_OpenSession read_only=CKR_SESSION_READ_ONLY\nC_OpenSession count=0 return=CKR_FUNCTION_FAILED\n");
    auto none = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin());
    ASSERT_FALSE(none);
    inject("");
    key_.reset();
    open(true);
    EXPECT_STREQ(session_state(), "read-only");
}

// A key that decrypts, and blocks for it.
class LosingDecryption : public TokenLoss {
protected:
    void SetUp() override {
        TokenLoss::SetUp();
        const std::string label =
            std::string{"decrypts "} + ::testing::UnitTest::GetInstance()->current_test_info()->name();
        auto key = token_->generate(KeySpec{KeyType::rsa, 2048, label, std::string{kNonExtractableDecrypt}, {}});
        ASSERT_TRUE(key) << key.error().describe();
        rsa_ = std::make_unique<TokenKey>(key.value());
    }
    void TearDown() override {
        inject("");
        if (token_ && rsa_) (void)token_->destroy(rsa_->id);
        TokenLoss::TearDown();
    }
    Bytes block(const std::string& options) const {
        const test::TemporaryFolder folder;
        const auto path = [&](const char* name) { return (folder.path() / name).string(); };
        test::write_text(path("spki"), text_of(rsa_->public_key.spki().view()));
        test::write_text(path("content"), kContent);
        test::run_command("openssl pkeyutl -encrypt -pubin -keyform DER -inkey " + path("spki") + " -in " +
                          path("content") + " -out " + path("out") + " " + options);
        return bytes_of(view_of(test::read_text(path("out"))));
    }
    Result<Secret> decrypt(DecryptScheme scheme, const Bytes& input) {
        DecryptRequest request;
        request.key = rsa_->id;
        request.scheme = scheme;
        request.digest = crypto::DigestAlgorithm::sha1;
        request.input = input;
        request.secret_size = scheme == DecryptScheme::rsa_pkcs1 ? kContent.size() : 0;
        return token_->decrypt(request);
    }

    static constexpr std::string_view kContent = "0123456789abcdef";
    std::unique_ptr<TokenKey> rsa_;
};

// A token that answers a wrong padding with a code of a lost token: the answer is that of every wrong padding, at once,
// without a recovery (no second C_Decrypt, no second session).
TEST_F(LosingDecryption, TellsNothingOfAPaddingWhateverTheTokenAnswers) {
    const Bytes pkcs1 = block("-pkeyopt rsa_padding_mode:pkcs1");
    const Bytes oaep = block("-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1");
    Bytes changed = pkcs1;
    changed.back() ^= 1;
    const auto stand_in = decrypt(DecryptScheme::rsa_pkcs1, changed);
    ASSERT_TRUE(stand_in);
    for (const char* code : {"CKR_DEVICE_ERROR", "CKR_KEY_HANDLE_INVALID", "CKR_GENERAL_ERROR"}) {
        SCOPED_TRACE(code);
        inject(std::string{"C_Decrypt count=1 call=yes return="} + code +
               "\nC_OpenSession count=99 return=CKR_SESSION_COUNT\n");
        const auto drawn = decrypt(DecryptScheme::rsa_pkcs1, changed);
        ASSERT_TRUE(drawn) << drawn.error().describe();
        EXPECT_TRUE(equal(drawn.value().reveal(), stand_in.value().reveal()));
        inject(std::string{"C_Decrypt count=1 call=yes return="} + code +
               "\nC_OpenSession count=99 return=CKR_SESSION_COUNT\n");
        const auto refused = decrypt(DecryptScheme::rsa_oaep, oaep);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), ErrorCode::malformed) << refused.error().describe();
        inject("");
        const auto content = decrypt(DecryptScheme::rsa_pkcs1, pkcs1);
        ASSERT_TRUE(content) << content.error().describe();
        EXPECT_EQ(text_of(content.value().reveal()), kContent);
    }
}

// Where the session is gone indeed, the token is found again and the block decrypted.
TEST_F(LosingDecryption, DecryptsAgainAfterAllSessionsWereClosed) {
    const Bytes pkcs1 = block("-pkeyopt rsa_padding_mode:pkcs1");
    ASSERT_TRUE(decrypt(DecryptScheme::rsa_pkcs1, pkcs1));
    ASSERT_EQ(functions().C_CloseAllSessions(token_->info().slot_id), CKR_OK);
    auto content = decrypt(DecryptScheme::rsa_pkcs1, pkcs1);
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_EQ(text_of(content.value().reveal()), kContent);
    inject("C_Decrypt count=1 return=CKR_DEVICE_ERROR\nC_GetSessionInfo count=1 return=CKR_SESSION_HANDLE_INVALID\n");
    content = decrypt(DecryptScheme::rsa_pkcs1, pkcs1);
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_EQ(text_of(content.value().reveal()), kContent);
}

// A token without OAEP by SHA-1, or without OAEP at all, makes keys that decrypt, too: the halves are proved otherwise.
TEST_F(LosingDecryption, ProvesANewKeyInAnotherWayWhereOaepIsMissing) {
    const auto make = [&](const char* label) {
        auto key = token_->generate(KeySpec{KeyType::rsa, 2048, label, std::string{kNonExtractableDecrypt}, {}});
        if (key) (void)token_->destroy(key.value().id);
        return key;
    };
    inject("C_DecryptInit count=2 return=CKR_MECHANISM_PARAM_INVALID\n");
    const auto made = make("without OAEP");
    EXPECT_TRUE(made) << made.error().describe();
    inject("C_DecryptInit count=99 return=CKR_MECHANISM_INVALID\n");
    EXPECT_FALSE(make("decrypts nothing"));
}

}  // namespace
}  // namespace sealwright::hsm::pkcs11
