// A key that is wrapped out of a SoftHSM token, destroyed there and restored.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/pkcs11/cryptoki.hpp"
#include "hsm/pkcs11/token.hpp"
#include "softhsm.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::KeyType;
using ::testing::HasSubstr;

const UtcTime kNow = from_rfc3339("2026-11-22T12:00:00Z").value();

class BackupTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (softhsm_) return;
        ::testing::AddGlobalTestEnvironment(new Closing);
        softhsm_ = std::make_unique<test::SoftHsm>();
        serial_ = softhsm_->add_token("tests");
        module_ = Module::load(softhsm_->module()).value();
        for (const char* label : {"safe", "other safe"}) {
            const auto made = create_wrapping_key(module_, TokenSelector{serial_, {}}, so_pin(), label);
            ASSERT_TRUE(made) << made.error().describe();
            EXPECT_EQ(made.value().check_value.size(), 3U);
        }
        auto token = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin());
        ASSERT_TRUE(token) << token.error().describe();
        token_ = token.value();
    }
    // The token goes before the module's own memory does; suites that derive from this one share it.
    class Closing : public ::testing::Environment {
        void TearDown() override {
            token_.reset();
            module_.reset();
        }
    };

    static Secret so_pin() { return Secret::copy_of(view_of("31415926")); }

    static TokenKey make(const std::string& label, KeyType type, unsigned bits = 0,
                         std::string_view name = kWrapBackup) {
        auto key = token_->generate(KeySpec{type, bits, label, std::string{name}, {}});
        EXPECT_TRUE(key) << key.error().describe();
        return key.value();
    }
    static TokenKey listed(const KeyId& id) {
        const auto keys = token_->keys().value();
        for (const auto& key : keys) {
            if (key.id == id) return key;
        }
        throw std::out_of_range{"no such key"};
    }
    static std::vector<std::string> codes(const KeyId& id, std::string_view name) {
        std::vector<std::string> list;
        const auto findings = judge_evidence(token_->evidence(id).value(), name).value();
        for (const auto& finding : findings) list.push_back(finding.code);
        return list;
    }
    static bool satisfies(const KeyId& id, std::string_view name) {
        return !x509::has_error(judge_evidence(token_->evidence(id).value(), name).value());
    }
    static Result<Bytes> sign(const TokenKey& key, ByteView message) {
        SignRequest request;
        request.key = key.id;
        request.algorithm = crypto::default_algorithm(key.public_key.type());
        request.tbs = message;
        return token_->sign(request);
    }

    static std::unique_ptr<test::SoftHsm> softhsm_;
    static std::string serial_;
    static std::shared_ptr<Module> module_;
    static std::shared_ptr<Token> token_;
};
std::unique_ptr<test::SoftHsm> BackupTest::softhsm_;
std::string BackupTest::serial_;
std::shared_ptr<Module> BackupTest::module_;
std::shared_ptr<Token> BackupTest::token_;

struct KeyCase {
    const char* name;
    KeyType type;
    unsigned bits;
};

class BackedUp : public BackupTest, public ::testing::WithParamInterface<KeyCase> {};

TEST_P(BackedUp, ComesBackAsTheSameKeyWithItsProvenanceLost) {
    const TokenKey key = make(GetParam().name, GetParam().type, GetParam().bits);
    EXPECT_EQ(listed(key.id).mobility, KeyMobility::can_leave_wrapped);
    EXPECT_THAT(codes(key.id, kWrapBackup), ::testing::ElementsAre("key_can_leave_wrapped"));
    EXPECT_FALSE(satisfies(key.id, kNonExtractable));

    const auto backup = token_->back_up(key.id, "safe", kNow);
    ASSERT_TRUE(backup) << backup.error().describe();
    const Bytes file = key_backup_der(backup.value());
    EXPECT_EQ(token_->restore(backup.value(), "safe").error().code(), ErrorCode::already_exists);
    ASSERT_TRUE(token_->destroy(key.id));
    EXPECT_FALSE(sign(key, view_of("message")));

    const auto read = parse_key_backup(file);
    ASSERT_TRUE(read) << read.error().describe();
    const auto restored = token_->restore(read.value(), "safe");
    ASSERT_TRUE(restored) << restored.error().describe();
    EXPECT_EQ(restored.value().id, key.id);
    EXPECT_TRUE(restored.value().dropped_attributes.empty())
        << ::testing::PrintToString(restored.value().dropped_attributes);
    EXPECT_EQ(listed(key.id).mobility, KeyMobility::restored);
    const auto signature = sign(key, view_of("message"));
    ASSERT_TRUE(signature) << signature.error().describe();
    EXPECT_TRUE(
        key.public_key.verify(crypto::default_algorithm(GetParam().type), view_of("message"), signature.value()));
    EXPECT_FALSE(satisfies(key.id, kWrapBackup));
    EXPECT_THAT(codes(key.id, kWrapBackupRestored), ::testing::Contains("key_provenance_lost"));
    EXPECT_TRUE(satisfies(key.id, kWrapBackupRestored)) << evidence_json(token_->evidence(key.id).value());
    EXPECT_EQ(token_->restore(read.value(), "safe").error().code(), ErrorCode::already_exists);

    // A restored key can be backed up again.
    const auto again = token_->back_up(key.id, "other safe", kNow);
    EXPECT_TRUE(again) << again.error().describe();
    EXPECT_TRUE(token_->destroy(key.id));
}

INSTANTIATE_TEST_SUITE_P(All, BackedUp,
                         ::testing::Values(KeyCase{"p256", KeyType::ec_p256, 0}, KeyCase{"p384", KeyType::ec_p384, 0},
                                           KeyCase{"p521", KeyType::ec_p521, 0}, KeyCase{"rsa2048", KeyType::rsa, 2048},
                                           KeyCase{"rsa4096", KeyType::rsa, 4096}),
                         [](const auto& one) { return std::string{one.param.name}; });

// SoftHSM 2.6.1 makes an extractable Ed25519 key and does not wrap it: whoever needs its backup learns it when he makes
// one, not when he has lost the key.
TEST_F(BackupTest, SaysWhenTheTokenDoesNotWrapAKeyOfThisType) {
    const TokenKey key = make("edwards", KeyType::ed25519);
    const auto backup = token_->back_up(key.id, "safe", kNow);
    if (!backup) {
        EXPECT_THAT(backup.error().describe(), HasSubstr("CKR_KEY_NOT_WRAPPABLE"));
    }
    EXPECT_TRUE(sign(key, view_of("message")));
}

TEST_F(BackupTest, RefusesAKeyThatCannotLeave) {
    const TokenKey key = make("stays", KeyType::ec_p256, 0, kNonExtractable);
    EXPECT_EQ(listed(key.id).mobility, KeyMobility::stays);
    const auto refused = token_->back_up(key.id, "safe", kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::denied);
    EXPECT_THAT(refused.error().public_detail(), HasSubstr("unextractable"));
}

TEST_F(BackupTest, RefusesAWrappingKeyThatIsAbsentOrAnother) {
    const TokenKey key = make("leaves", KeyType::ec_p256);
    EXPECT_EQ(token_->back_up(key.id, "no such safe", kNow).error().code(), ErrorCode::not_found);
    const auto backup = token_->back_up(key.id, "safe", kNow);
    ASSERT_TRUE(backup);
    ASSERT_TRUE(token_->destroy(key.id));
    EXPECT_EQ(token_->restore(backup.value(), "other safe").error().code(), ErrorCode::conflict);
    // Where no check values could be compared the token finds out.
    auto bare = backup.value();
    bare.wrapping_check_value.clear();
    const auto refused = token_->restore(bare, "other safe");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().describe(), HasSubstr("C_UnwrapKey"));
    EXPECT_TRUE(token_->restore(backup.value(), "safe"));
}

TEST_F(BackupTest, RefusesWhatWasChanged) {
    const TokenKey key = make("changed", KeyType::ec_p256);
    auto backup = token_->back_up(key.id, "safe", kNow).value();
    ASSERT_TRUE(token_->destroy(key.id));
    const std::size_t before = token_->keys().value().size();
    backup.wrapped[20] ^= 1;
    EXPECT_FALSE(token_->restore(backup, "safe"));
    backup.wrapped[20] ^= 1;
    auto unknown = backup;
    unknown.mechanism = "CKM_AES_CBC_PAD";
    EXPECT_EQ(token_->restore(unknown, "safe").error().code(), ErrorCode::unsupported);
    EXPECT_EQ(token_->keys().value().size(), before);
    EXPECT_TRUE(token_->restore(backup, "safe"));
}

// A forged file may say of which key it is; the token must prove it.
TEST_F(BackupTest, DestroysAgainWhatDoesNotProveToBeTheKey) {
    const TokenKey one = make("one", KeyType::ec_p256), other = make("two", KeyType::ec_p256);
    auto forged = token_->back_up(one.id, "safe", kNow).value();
    forged.public_key = other.public_key;
    ASSERT_TRUE(token_->destroy(one.id));
    ASSERT_TRUE(token_->destroy(other.id));
    const std::size_t before = token_->keys().value().size();
    const auto refused = token_->restore(forged, "safe");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::conflict) << refused.error().describe();
    EXPECT_EQ(token_->keys().value().size(), before);
}

TEST_F(BackupTest, RefusesAWrappingKeyThatIsNotTrusted) {
    void* library = ::dlopen(softhsm_->module().c_str(), RTLD_NOW | RTLD_NOLOAD);
    ASSERT_NE(library, nullptr);
    CK_FUNCTION_LIST* functions = nullptr;
    const auto get_list = reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(::dlsym(library, "C_GetFunctionList"));
    ASSERT_EQ(get_list(&functions), CKR_OK);
    CK_SESSION_HANDLE session = 0;
    ASSERT_EQ(functions->C_OpenSession(token_->info().slot_id, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                       &session),
              CKR_OK);
    // The process is logged in as the user, who may make a key that wraps, but not a trusted one.
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG length = 32;
    std::string label = "user's safe";
    std::array wraps{CK_ATTRIBUTE{CKA_TOKEN, &yes, sizeof(yes)}, CK_ATTRIBUTE{CKA_WRAP, &yes, sizeof(yes)},
                     CK_ATTRIBUTE{CKA_LABEL, label.data(), label.size()},
                     CK_ATTRIBUTE{CKA_VALUE_LEN, &length, sizeof(length)},
                     CK_ATTRIBUTE{CKA_TRUSTED, &yes, sizeof(yes)}};
    CK_MECHANISM generation{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE by = 0;
    EXPECT_NE(functions->C_GenerateKey(session, &generation, wraps.data(), wraps.size(), &by), CKR_OK);
    ASSERT_EQ(functions->C_GenerateKey(session, &generation, wraps.data(), wraps.size() - 1, &by), CKR_OK);

    const TokenKey key = make("careful", KeyType::ec_p256);
    const auto refused = token_->back_up(key.id, label, kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::denied);
    EXPECT_THAT(refused.error().public_detail(), HasSubstr("trusted"));

    // We do not ask the token; it would refuse as well: CKR_KEY_NOT_WRAPPABLE.
    CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    Bytes cka_id = key.cka_id;
    std::array search{CK_ATTRIBUTE{CKA_CLASS, &object_class, sizeof(object_class)},
                      CK_ATTRIBUTE{CKA_ID, cka_id.data(), cka_id.size()}};
    CK_OBJECT_HANDLE handle = 0;
    CK_ULONG count = 0;
    ASSERT_EQ(functions->C_FindObjectsInit(session, search.data(), search.size()), CKR_OK);
    ASSERT_EQ(functions->C_FindObjects(session, &handle, 1, &count), CKR_OK);
    functions->C_FindObjectsFinal(session);
    ASSERT_EQ(count, 1U);
    CK_MECHANISM wrapping{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
    CK_ULONG size = 0;
    EXPECT_EQ(functions->C_WrapKey(session, &wrapping, by, handle, nullptr, &size), 0x69UL);
    functions->C_CloseSession(session);
    ::dlclose(library);
}

TEST_F(BackupTest, FindsItsWrappingKeysAndMakesNoSecond) {
    const auto found = token_->find_wrapping_key("safe");
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_TRUE(found.value().trusted);
    // The process is logged in: an SO cannot be besides.
    EXPECT_EQ(create_wrapping_key(module_, TokenSelector{serial_, {}}, so_pin(), "third").error().code(),
              ErrorCode::conflict);
    token_.reset();
    EXPECT_EQ(create_wrapping_key(module_, TokenSelector{serial_, {}}, so_pin(), "safe").error().code(),
              ErrorCode::already_exists);
    const auto wrong =
        create_wrapping_key(module_, TokenSelector{serial_, {}}, Secret::copy_of(view_of("31415927")), "third");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), ErrorCode::denied);
    EXPECT_THAT(wrong.error().describe(), HasSubstr("CKR_PIN_INCORRECT"));
    auto token = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin());
    ASSERT_TRUE(token) << token.error().describe();
    token_ = token.value();
}

}  // namespace
}  // namespace sealwright::hsm::pkcs11
