// A key that is wrapped out of a SoftHSM token, destroyed there and restored.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/pkcs11/cryptoki.hpp"
#include "hsm/pkcs11/token.hpp"
#include "hsm/pkcs11/wrap_trial.hpp"
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

    // The signer serves original and copy by the same list, and neither by the other's template.
    const std::vector<std::string> either{std::string{kWrapBackup}, std::string{kWrapBackupRestored}};
    const auto served_as = [&] {
        const auto judged = judge_evidence_by_any(token_->evidence(key.id).value(), either).value();
        return judged.is_satisfied ? judged.evidence_template : "";
    };
    EXPECT_EQ(served_as(), kWrapBackup);
    EXPECT_FALSE(judge_evidence_by_any(token_->evidence(key.id).value(), {std::string{kWrapBackupRestored}})
                     .value()
                     .is_satisfied);

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
    EXPECT_EQ(served_as(), kWrapBackupRestored);
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

// Raw calls to the module that the tests loaded, as another program would make them.
class Raw {
public:
    explicit Raw(const std::string& module) : library_(::dlopen(module.c_str(), RTLD_NOW | RTLD_NOLOAD)) {
        const auto get_list = reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(::dlsym(library_, "C_GetFunctionList"));
        EXPECT_EQ(get_list(&functions_), CKR_OK);
    }
    ~Raw() {
        functions_->C_CloseSession(session_);
        ::dlclose(library_);
    }
    Raw(const Raw&) = delete;
    Raw& operator=(const Raw&) = delete;

    void open(CK_SLOT_ID slot) {
        ASSERT_EQ(functions_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_),
                  CKR_OK);
    }
    SessionView view() const { return {functions_, session_}; }
    CK_OBJECT_HANDLE find(CK_OBJECT_CLASS object_class, const std::string& label) {
        return find(object_class, CKA_LABEL, bytes_of(view_of(label)));
    }
    CK_OBJECT_HANDLE find(CK_OBJECT_CLASS object_class, CK_ATTRIBUTE_TYPE type, Bytes value) {
        std::array search{CK_ATTRIBUTE{CKA_CLASS, &object_class, sizeof(object_class)},
                          CK_ATTRIBUTE{type, value.data(), value.size()}};
        CK_OBJECT_HANDLE handle = 0;
        CK_ULONG count = 0;
        EXPECT_EQ(functions_->C_FindObjectsInit(session_, search.data(), search.size()), CKR_OK);
        EXPECT_EQ(functions_->C_FindObjects(session_, &handle, 1, &count), CKR_OK);
        functions_->C_FindObjectsFinal(session_);
        EXPECT_EQ(count, 1U);
        return handle;
    }
    // make_rsa_safe is an RSA pair as the user makes it who does not think of what is unwrapped by it; trust is the
    // SO's part: it makes the public half again.
    void make_rsa_safe(CK_SLOT_ID slot, std::string label) {
        open(slot);
        log_in(CKU_USER, std::string{test::SoftHsm::kPin});
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_ULONG bits = 3072;
        Bytes exponent{1, 0, 1}, id = bytes_of(view_of(label));
        std::array of_public{CK_ATTRIBUTE{CKA_TOKEN, &yes, sizeof(yes)},
                             CK_ATTRIBUTE{CKA_PRIVATE, &no, sizeof(no)},
                             CK_ATTRIBUTE{CKA_WRAP, &yes, sizeof(yes)},
                             CK_ATTRIBUTE{CKA_MODULUS_BITS, &bits, sizeof(bits)},
                             CK_ATTRIBUTE{CKA_LABEL, label.data(), label.size()},
                             CK_ATTRIBUTE{CKA_ID, id.data(), id.size()},
                             CK_ATTRIBUTE{CKA_PUBLIC_EXPONENT, exponent.data(), exponent.size()}};
        std::array of_private{CK_ATTRIBUTE{CKA_TOKEN, &yes, sizeof(yes)},
                              CK_ATTRIBUTE{CKA_PRIVATE, &yes, sizeof(yes)},
                              CK_ATTRIBUTE{CKA_SENSITIVE, &yes, sizeof(yes)},
                              CK_ATTRIBUTE{CKA_EXTRACTABLE, &no, sizeof(no)},
                              CK_ATTRIBUTE{CKA_UNWRAP, &yes, sizeof(yes)},
                              CK_ATTRIBUTE{CKA_DECRYPT, &no, sizeof(no)},
                              CK_ATTRIBUTE{CKA_SIGN, &no, sizeof(no)},
                              CK_ATTRIBUTE{CKA_ID, id.data(), id.size()},
                              CK_ATTRIBUTE{CKA_LABEL, label.data(), label.size()},
                              CK_ATTRIBUTE{CKA_DERIVE, &no, sizeof(no)}};
        CK_MECHANISM generation{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
        CK_OBJECT_HANDLE public_half = 0, private_half = 0;
        ASSERT_EQ(functions_->C_GenerateKeyPair(session_, &generation, of_public.data(), of_public.size(),
                                                of_private.data(), of_private.size(), &public_half, &private_half),
                  CKR_OK);
        functions_->C_Logout(session_);
    }
    void trust_rsa_safe(CK_SLOT_ID slot, std::string label) {
        open(slot);
        log_in(CKU_SO, "31415926");
        const CK_OBJECT_HANDLE old = find(CKO_PUBLIC_KEY, label);
        Bytes modulus(384), exponent(3), id = bytes_of(view_of(label));
        std::array value{CK_ATTRIBUTE{CKA_MODULUS, modulus.data(), modulus.size()},
                         CK_ATTRIBUTE{CKA_PUBLIC_EXPONENT, exponent.data(), exponent.size()}};
        ASSERT_EQ(functions_->C_GetAttributeValue(session_, old, value.data(), value.size()), CKR_OK);
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
        CK_KEY_TYPE type = CKK_RSA;
        std::array made{CK_ATTRIBUTE{CKA_CLASS, &object_class, sizeof(object_class)},
                        CK_ATTRIBUTE{CKA_KEY_TYPE, &type, sizeof(type)},
                        CK_ATTRIBUTE{CKA_TOKEN, &yes, sizeof(yes)},
                        CK_ATTRIBUTE{CKA_PRIVATE, &no, sizeof(no)},
                        CK_ATTRIBUTE{CKA_WRAP, &yes, sizeof(yes)},
                        CK_ATTRIBUTE{CKA_TRUSTED, &yes, sizeof(yes)},
                        CK_ATTRIBUTE{CKA_LABEL, label.data(), label.size()},
                        CK_ATTRIBUTE{CKA_ID, id.data(), id.size()},
                        value[0],
                        value[1]};
        CK_OBJECT_HANDLE key = 0;
        ASSERT_EQ(functions_->C_CreateObject(session_, made.data(), made.size(), &key), CKR_OK);
        ASSERT_EQ(functions_->C_DestroyObject(session_, old), CKR_OK);
        functions_->C_Logout(session_);
    }
    void log_in(CK_USER_TYPE user, std::string pin) {
        ASSERT_EQ(functions_->C_Login(session_, user, reinterpret_cast<unsigned char*>(pin.data()), pin.size()),
                  CKR_OK);
    }
    // unwraps_carrier is the other way to a key that RSA-AES wrapped: the AES key first, as a key of the attacker's.
    CK_RV unwraps_carrier(const std::string& safe, Bytes blob) {
        CK_RSA_PKCS_OAEP_PARAMS oaep{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
        CK_MECHANISM carrying{CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
        CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
        CK_KEY_TYPE type = CKK_AES;
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        std::array chosen{CK_ATTRIBUTE{CKA_CLASS, &object_class, sizeof(object_class)},
                          CK_ATTRIBUTE{CKA_KEY_TYPE, &type, sizeof(type)},
                          CK_ATTRIBUTE{CKA_TOKEN, &no, sizeof(no)},
                          CK_ATTRIBUTE{CKA_PRIVATE, &yes, sizeof(yes)},
                          CK_ATTRIBUTE{CKA_SENSITIVE, &yes, sizeof(yes)},
                          CK_ATTRIBUTE{CKA_WRAP_WITH_TRUSTED, &yes, sizeof(yes)},
                          CK_ATTRIBUTE{CKA_UNWRAP, &yes, sizeof(yes)}};
        CK_OBJECT_HANDLE key = 0;
        const CK_RV rv = functions_->C_UnwrapKey(session_, &carrying, find(CKO_PRIVATE_KEY, safe), blob.data(), 384,
                                                 chosen.data(), chosen.size(), &key);
        if (rv == CKR_OK) functions_->C_DestroyObject(session_, key);
        return rv;
    }
    // make_careless_safe is a trusted wrapping key whose SO did not think of what is unwrapped by it.
    void make_careless_safe(CK_SLOT_ID slot, std::string label) {
        open(slot);
        std::string pin = "31415926";
        ASSERT_EQ(functions_->C_Login(session_, CKU_SO, reinterpret_cast<unsigned char*>(pin.data()), pin.size()),
                  CKR_OK);
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_ULONG length = 32;
        std::array made{
            CK_ATTRIBUTE{CKA_TOKEN, &yes, sizeof(yes)},          CK_ATTRIBUTE{CKA_PRIVATE, &no, sizeof(no)},
            CK_ATTRIBUTE{CKA_SENSITIVE, &yes, sizeof(yes)},      CK_ATTRIBUTE{CKA_EXTRACTABLE, &no, sizeof(no)},
            CK_ATTRIBUTE{CKA_TRUSTED, &yes, sizeof(yes)},        CK_ATTRIBUTE{CKA_WRAP, &yes, sizeof(yes)},
            CK_ATTRIBUTE{CKA_UNWRAP, &yes, sizeof(yes)},         CK_ATTRIBUTE{CKA_DECRYPT, &no, sizeof(no)},
            CK_ATTRIBUTE{CKA_LABEL, label.data(), label.size()}, CK_ATTRIBUTE{CKA_VALUE_LEN, &length, sizeof(length)}};
        CK_MECHANISM generation{CKM_AES_KEY_GEN, nullptr, 0};
        CK_OBJECT_HANDLE key = 0;
        EXPECT_EQ(functions_->C_GenerateKey(session_, &generation, made.data(), made.size(), &key), CKR_OK);
        functions_->C_Logout(session_);
    }
    Bytes wrapped(const std::string& safe, const TokenKey& key) {
        CK_MECHANISM wrapping{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
        Bytes out(4096);
        CK_ULONG size = out.size();
        EXPECT_EQ(functions_->C_WrapKey(session_, &wrapping, find(CKO_SECRET_KEY, CKA_LABEL, bytes_of(view_of(safe))),
                                        find(CKO_PRIVATE_KEY, CKA_ID, key.cka_id), out.data(), &size),
                  CKR_OK);
        out.resize(size);
        return out;
    }
    // reads_in_plain unwraps a key with a template of the attacker's own and asks for the key itself. Where `said` is
    // false the protecting attributes are left out instead of denied.
    bool reads_in_plain(const std::string& safe, Bytes blob, bool said, CK_RV* rv = nullptr) {
        CK_MECHANISM wrapping{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
        CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
        CK_KEY_TYPE type = CKK_EC;
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        std::array chosen{CK_ATTRIBUTE{CKA_CLASS, &object_class, sizeof(object_class)},
                          CK_ATTRIBUTE{CKA_KEY_TYPE, &type, sizeof(type)},
                          CK_ATTRIBUTE{CKA_TOKEN, &no, sizeof(no)},
                          CK_ATTRIBUTE{CKA_EXTRACTABLE, &yes, sizeof(yes)},
                          CK_ATTRIBUTE{CKA_PRIVATE, &no, sizeof(no)},
                          CK_ATTRIBUTE{CKA_SENSITIVE, &no, sizeof(no)}};
        CK_OBJECT_HANDLE key = 0;
        const CK_RV answer = functions_->C_UnwrapKey(
            session_, &wrapping, find(CKO_SECRET_KEY, CKA_LABEL, bytes_of(view_of(safe))), blob.data(), blob.size(),
            chosen.data(), said ? chosen.size() : chosen.size() - 2, &key);
        if (rv != nullptr) *rv = answer;
        if (answer != CKR_OK) return false;
        std::array<std::uint8_t, 256> plain{};
        CK_ATTRIBUTE value{CKA_VALUE, plain.data(), plain.size()};
        const bool read = functions_->C_GetAttributeValue(session_, key, &value, 1) == CKR_OK;
        functions_->C_DestroyObject(session_, key);
        return read;
    }

    // loosens tries to have the wrapping key, or a copy of it, decrypt.
    bool loosens(const std::string& safe) {
        const CK_OBJECT_HANDLE key = find(CKO_SECRET_KEY, CKA_LABEL, bytes_of(view_of(safe)));
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_ATTRIBUTE decrypts{CKA_DECRYPT, &yes, sizeof(yes)}, forbidden{CKA_DECRYPT, &no, sizeof(no)};
        if (functions_->C_SetAttributeValue(session_, key, &decrypts, 1) == CKR_OK) {
            functions_->C_SetAttributeValue(session_, key, &forbidden, 1);
            return true;
        }
        CK_OBJECT_HANDLE copy = 0;
        if (functions_->C_CopyObject(session_, key, &decrypts, 1, &copy) != CKR_OK) return false;
        functions_->C_DestroyObject(session_, copy);
        return true;
    }

private:
    void* library_;
    CK_FUNCTION_LIST* functions_ = nullptr;
    CK_SESSION_HANDLE session_ = 0;
};

// Whoever has the token and the file, with the user's PIN or without it, chooses the template with which he unwraps.
TEST_F(BackupTest, GivesAWrappedKeyInPlainToNobody) {
    const CK_SLOT_ID slot = token_->info().slot_id;
    token_.reset();
    {
        Raw so{softhsm_->module()};
        so.make_careless_safe(slot, "careless safe");
    }
    token_ = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin()).value();
    const TokenKey key = make("coveted", KeyType::ec_p256);
    const Bytes file = token_->back_up(key.id, "safe", kNow).value().wrapped;
    Bytes careless;
    {
        SCOPED_TRACE("logged in as the user");
        Raw user{softhsm_->module()};
        user.open(slot);
        careless = user.wrapped("careless safe", key);
        const Bytes own = user.wrapped("safe", key);
        CK_RV rv = CKR_OK;
        EXPECT_FALSE(user.reads_in_plain("safe", own, true, &rv));
        EXPECT_EQ(rv, CKR_TEMPLATE_INCONSISTENT);
        EXPECT_FALSE(user.reads_in_plain("safe", own, false));
        EXPECT_FALSE(user.reads_in_plain("safe", file, true));
        EXPECT_FALSE(user.loosens("safe"));
        EXPECT_TRUE(user.loosens("careless safe"));
        EXPECT_TRUE(user.reads_in_plain("careless safe", careless, true));  // the attack as such works
    }
    // So we carry nothing out by a wrapping key like that, nor in again.
    const auto refused = token_->back_up(key.id, "careless safe", kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::denied);
    EXPECT_THAT(refused.error().describe(), HasSubstr("CKA_UNWRAP_TEMPLATE"));
    auto backup = token_->back_up(key.id, "safe", kNow).value();
    ASSERT_TRUE(token_->destroy(key.id));
    EXPECT_EQ(token_->restore(backup, "careless safe").error().code(), ErrorCode::denied);
    token_.reset();
    {
        SCOPED_TRACE("not logged in");
        Raw passer_by{softhsm_->module()};
        passer_by.open(slot);
        CK_RV rv = CKR_OK;
        EXPECT_FALSE(passer_by.reads_in_plain("safe", file, true, &rv));
        EXPECT_EQ(rv, CKR_TEMPLATE_INCONSISTENT);
        EXPECT_FALSE(passer_by.reads_in_plain("safe", file, false));
        EXPECT_TRUE(passer_by.reads_in_plain("careless safe", careless, true));
    }
    token_ = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin()).value();
    EXPECT_TRUE(token_->restore(backup, "safe"));
}

TEST_F(BackupTest, FindsItsWrappingKeysAndMakesNoSecond) {
    const auto found = token_->find_wrapping_key("safe");
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_TRUE(found.value().trusted);
    EXPECT_EQ(found.value().fault, "");
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

// The attributes of a wrapping key are what the token says of it; the trial is what it does.
TEST_F(BackupTest, TriesWhetherTheTokenKeepsSecretWhatIsUnwrapped) {
    const CK_SLOT_ID slot = token_->info().slot_id;
    token_.reset();
    {
        Raw so{softhsm_->module()};
        so.make_careless_safe(slot, "believed safe");
    }
    token_ = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin()).value();
    Raw user{softhsm_->module()};
    user.open(slot);
    const MechanismSet token{CKM_AES_KEY_WRAP_PAD, CKM_EC_KEY_PAIR_GEN};
    const auto method = WrapMethod::all(WrappingKind::aes, token).front();
    const auto tried = [&](const std::string& label) {
        const auto key = user.find(CKO_SECRET_KEY, label);
        return try_to_read(user.view(), method, {key, key, true, 0}, token);
    };
    EXPECT_EQ(tried("safe").wrapped, CKR_OK);
    EXPECT_EQ(tried("safe").fault, "");
    EXPECT_EQ(tried("believed safe").wrapped, CKR_OK);
    EXPECT_THAT(tried("believed safe").fault, HasSubstr("a key that it unwraps"));
}

// SoftHSM has RSA-AES since 2.7; SEALWRIGHT_TEST_SOFTHSM names one where the system's is older.
class RsaBackupTest : public BackupTest {
protected:
    static Result<WrappingKey> create(const std::string& label, const Secret& so, const Secret& user,
                                      unsigned bits = 3072) {
        token_.reset();
        auto made = create_rsa_wrapping_key(module_, TokenSelector{serial_, {}}, {so, user}, label, bits);
        token_ = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin()).value();
        return made;
    }
    static void make_safes() {
        for (const char* label : {"rsa safe", "other rsa safe"}) {
            if (token_->find_wrapping_key(label)) continue;
            const auto made = create(label, so_pin(), test::SoftHsm::pin());
            ASSERT_TRUE(made) << made.error().describe();
            EXPECT_TRUE(made.value().trusted);
            EXPECT_EQ(made.value().fault, "");
            ASSERT_TRUE(made.value().public_key);
            EXPECT_EQ(made.value().public_key->bits(), 3072U);
            EXPECT_EQ(made.value().check_value, bytes_of(made.value().public_key->id().view()));
        }
    }
    static bool has_mechanism() {
        const auto mechanisms = module_->mechanisms(token_->info().slot_id).value();
        return std::find(mechanisms.begin(), mechanisms.end(), "CKM_RSA_AES_KEY_WRAP") != mechanisms.end();
    }
    void SetUp() override {
        if (has_mechanism()) {
            make_safes();
        } else {
            EXPECT_EQ(create("rsa safe", so_pin(), test::SoftHsm::pin()).error().code(), ErrorCode::unsupported);
            EXPECT_EQ(token_->find_wrapping_key("rsa safe").error().code(), ErrorCode::not_found);
            GTEST_SKIP() << "this SoftHSM has no CKM_RSA_AES_KEY_WRAP";
        }
    }
};

TEST_F(RsaBackupTest, BringsAKeyBackByTheParametersThatItWasWrappedWith) {
    for (const KeyCase& one : {KeyCase{"rsa-aes p256", KeyType::ec_p256, 0},
                               {"rsa-aes p521", KeyType::ec_p521, 0},
                               {"rsa-aes rsa4096", KeyType::rsa, 4096}}) {
        SCOPED_TRACE(one.name);
        const TokenKey key = make(one.name, one.type, one.bits);
        const auto backup = token_->back_up(key.id, "rsa safe", kNow);
        ASSERT_TRUE(backup) << backup.error().describe();
        EXPECT_EQ(backup.value().mechanism, "CKM_RSA_AES_KEY_WRAP");
        ASSERT_TRUE(backup.value().rsa_aes);
        const auto read = parse_key_backup(key_backup_der(backup.value()));
        ASSERT_TRUE(read) << read.error().describe();
        ASSERT_TRUE(token_->destroy(key.id));
        ASSERT_TRUE(token_->check_restore(read.value(), "rsa safe"));
        const auto restored = token_->restore(read.value(), "rsa safe");
        ASSERT_TRUE(restored) << restored.error().describe();
        EXPECT_EQ(restored.value().id, key.id);
        EXPECT_EQ(listed(key.id).mobility, KeyMobility::restored);
        EXPECT_TRUE(satisfies(key.id, kWrapBackupRestored)) << evidence_json(token_->evidence(key.id).value());
        const auto signature = sign(key, view_of("message"));
        ASSERT_TRUE(signature);
        EXPECT_TRUE(key.public_key.verify(crypto::default_algorithm(one.type), view_of("message"), signature.value()));
        EXPECT_TRUE(token_->back_up(key.id, "safe", kNow));  // by AES as well
        EXPECT_TRUE(token_->destroy(key.id));
    }
}

TEST_F(RsaBackupTest, RefusesWhatWasChangedAndAnotherWrappingKey) {
    const TokenKey key = make("rsa-aes changed", KeyType::ec_p256);
    const auto backup = token_->back_up(key.id, "rsa safe", kNow).value();
    ASSERT_TRUE(token_->destroy(key.id));
    const std::size_t before = token_->keys().value().size();
    // In the AES key under OAEP, where the two meet, and in the key that the AES key wraps.
    for (const std::size_t where : {0UL, 200UL, 383UL, 384UL, 400UL, backup.wrapped.size() - 1}) {
        auto changed = backup;
        changed.wrapped[where] ^= 1;
        EXPECT_FALSE(token_->restore(changed, "rsa safe")) << where;
    }
    auto cut = backup;
    cut.wrapped.resize(384);
    EXPECT_FALSE(token_->restore(cut, "rsa safe"));
    auto other_digest = backup;
    other_digest.rsa_aes->oaep_digest = backup.rsa_aes->oaep_digest == crypto::DigestAlgorithm::sha1
                                            ? crypto::DigestAlgorithm::sha256
                                            : crypto::DigestAlgorithm::sha1;
    EXPECT_FALSE(token_->restore(other_digest, "rsa safe"));
    EXPECT_EQ(token_->restore(backup, "other rsa safe").error().code(), ErrorCode::conflict);
    EXPECT_EQ(token_->restore(backup, "safe").error().code(), ErrorCode::conflict);
    auto bare = backup;
    bare.wrapping_check_value.clear();
    const auto refused = token_->restore(bare, "other rsa safe");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().describe(), HasSubstr("C_UnwrapKey"));
    EXPECT_EQ(token_->keys().value().size(), before);
    EXPECT_TRUE(token_->restore(backup, "rsa safe"));
    // And an AES backup is none of an RSA key.
    const auto by_aes = token_->back_up(key.id, "safe", kNow).value();
    ASSERT_TRUE(token_->destroy(key.id));
    EXPECT_EQ(token_->restore(by_aes, "rsa safe").error().code(), ErrorCode::conflict);
    EXPECT_TRUE(token_->restore(by_aes, "safe"));
}

TEST_F(RsaBackupTest, GivesAWrappedKeyInPlainToNobody) {
    const CK_SLOT_ID slot = token_->info().slot_id;
    token_.reset();
    {
        Raw other{softhsm_->module()};
        other.make_rsa_safe(slot, "careless rsa safe");
    }
    {
        Raw other{softhsm_->module()};
        other.make_rsa_safe(slot, "user's rsa safe");
    }
    {
        Raw so{softhsm_->module()};
        so.trust_rsa_safe(slot, "careless rsa safe");
    }
    token_ = Token::open(module_, TokenSelector{serial_, {}}, test::SoftHsm::pin()).value();
    const TokenKey key = make("rsa-aes coveted", KeyType::ec_p256);
    const auto backup = token_->back_up(key.id, "rsa safe", kNow).value();
    {
        Raw user{softhsm_->module()};
        user.open(slot);
        const auto method = WrapMethod::of(backup, {CKM_RSA_AES_KEY_WRAP}).value();
        const MechanismSet token{CKM_EC_KEY_PAIR_GEN};
        const auto tried = [&](const std::string& label) {
            return try_to_read(
                user.view(), method,
                {user.find(CKO_PUBLIC_KEY, label), user.find(CKO_PRIVATE_KEY, label), label != "user's rsa safe", 384},
                token);
        };
        EXPECT_EQ(tried("rsa safe").wrapped, CKR_OK);
        EXPECT_EQ(tried("rsa safe").fault, "");
        EXPECT_THAT(tried("careless rsa safe").fault, HasSubstr("a key that it unwraps"));  // the attack as such works
        EXPECT_NE(user.unwraps_carrier("rsa safe", backup.wrapped), CKR_OK);
        Bytes careless;
        ASSERT_EQ(method.wrap(user.view(), user.find(CKO_PUBLIC_KEY, "careless rsa safe"),
                              user.find(CKO_PRIVATE_KEY, CKA_ID, key.cka_id), careless),
                  CKR_OK);
        EXPECT_EQ(user.unwraps_carrier("careless rsa safe", careless), CKR_OK);
        Bytes refused;
        EXPECT_EQ(method.wrap(user.view(), user.find(CKO_PUBLIC_KEY, "user's rsa safe"),
                              user.find(CKO_PRIVATE_KEY, CKA_ID, key.cka_id), refused),
                  CKR_KEY_NOT_WRAPPABLE);
    }
    // So neither is used: the one keeps nothing secret, the other is not trusted.
    const auto careless = token_->back_up(key.id, "careless rsa safe", kNow);
    ASSERT_FALSE(careless);
    EXPECT_EQ(careless.error().code(), ErrorCode::denied);
    EXPECT_THAT(careless.error().describe(), HasSubstr("CKA_UNWRAP_TEMPLATE"));
    const auto untrusted = token_->back_up(key.id, "user's rsa safe", kNow);
    ASSERT_FALSE(untrusted);
    EXPECT_EQ(untrusted.error().code(), ErrorCode::denied);
    EXPECT_THAT(untrusted.error().public_detail(), HasSubstr("trusted"));
    ASSERT_TRUE(token_->destroy(key.id));
    EXPECT_EQ(token_->restore(backup, "careless rsa safe").error().code(), ErrorCode::denied);
    EXPECT_EQ(token_->restore(backup, "user's rsa safe").error().code(), ErrorCode::denied);
    EXPECT_TRUE(token_->restore(backup, "rsa safe"));
}

TEST_F(RsaBackupTest, LeavesNothingBehindWhereAPinIsWrongOrALabelTaken) {
    const std::size_t before = token_->keys().value().size();
    const auto wrong = [] { return Secret::copy_of(view_of("11111111")); };
    EXPECT_EQ(create("third", wrong(), test::SoftHsm::pin()).error().code(), ErrorCode::denied);
    EXPECT_EQ(create("third", so_pin(), wrong()).error().code(), ErrorCode::denied);
    for (const char* taken : {"rsa safe", "safe"})
        EXPECT_EQ(create(taken, so_pin(), test::SoftHsm::pin()).error().code(), ErrorCode::already_exists);
    EXPECT_EQ(create("third", so_pin(), test::SoftHsm::pin(), 2048).error().code(), ErrorCode::config);
    EXPECT_EQ(token_->keys().value().size(), before);
    EXPECT_EQ(token_->find_wrapping_key("third").error().code(), ErrorCode::not_found);
    EXPECT_EQ(
        create_rsa_wrapping_key(module_, TokenSelector{serial_, {}}, {so_pin(), test::SoftHsm::pin()}, "third", 3072)
            .error()
            .code(),
        ErrorCode::conflict);  // logged in already
}

}  // namespace
}  // namespace sealwright::hsm::pkcs11
