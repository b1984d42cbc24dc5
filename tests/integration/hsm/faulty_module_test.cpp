// The script of simulators/faulty_module: every condition and every action, against SoftHSM, and lines that it refuses.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "crypto/spki.hpp"
#include "hsm/pkcs11/objects.hpp"
#include "softhsm.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::array<unsigned char, 10> kP256{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::array<unsigned char, 7> kP384{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
constexpr std::array<unsigned char, 5> kEd25519{0x06, 0x03, 0x2b, 0x65, 0x70};

struct Pair {
    CK_OBJECT_HANDLE public_key = 0, private_key = 0;
};

class FaultyModule : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        softhsm_ = std::make_unique<test::SoftHsm>();
        softhsm_->add_token("faults");
        ::setenv("SEALWRIGHT_FAULTY_MODULE", softhsm_->module().c_str(), 1);
        ::setenv("SEALWRIGHT_FAULTY_COUNT", (softhsm_->folder() / "count").c_str(), 1);
        ::setenv("SEALWRIGHT_FAULTY_SCRIPT", (softhsm_->folder() / "script").c_str(), 1);
        void* library = ::dlopen(std::getenv("SEALWRIGHT_TEST_FAULTY_MODULE"), RTLD_NOW);
        ASSERT_NE(library, nullptr);
        const auto get = reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(::dlsym(library, "C_GetFunctionList"));
        ASSERT_EQ(get(&token_), CKR_OK);
        inject("");
        CK_C_INITIALIZE_ARGS arguments{};
        arguments.flags = CKF_OS_LOCKING_OK;
        ASSERT_EQ(token_->C_Initialize(&arguments), CKR_OK);
        unsigned long count = 1;
        ASSERT_EQ(token_->C_GetSlotList(CK_TRUE, &slot_, &count), CKR_BUFFER_TOO_SMALL);
        std::array<CK_SLOT_ID, 2> slots{};
        count = slots.size();
        ASSERT_EQ(token_->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
        slot_ = slots.front();
        ASSERT_EQ(open(anchor_), CKR_OK);
        Bytes pin = bytes_of(view_of(test::SoftHsm::kPin));
        ASSERT_EQ(token_->C_Login(anchor_, CKU_USER, pin.data(), pin.size()), CKR_OK);
    }
    static void TearDownTestSuite() { token_->C_Finalize(nullptr); }

    void SetUp() override {
        inject("");
        ASSERT_EQ(open(session_), CKR_OK);
        key_ = generate(kP256);
        counted_ = count();
    }
    void TearDown() override {
        inject("");
        token_->C_CloseSession(session_);
    }

    static void inject(std::string_view script) { test::write_text(softhsm_->folder() / "script", script); }
    static std::size_t count() {
        const std::string text = test::read_text(softhsm_->folder() / "count");
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    std::size_t newly_counted() const { return count() - counted_; }
    std::filesystem::path path(const std::string& name) const { return softhsm_->folder() / name; }

    static CK_RV open(CK_SESSION_HANDLE& session) {
        return token_->C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
    }
    static CK_RV random() {
        std::array<unsigned char, 4> octets{};
        return token_->C_GenerateRandom(anchor_, octets.data(), octets.size());
    }
    CK_RV sign(CK_SESSION_HANDLE session, Bytes& signature) const {
        CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
        if (const CK_RV rv = token_->C_SignInit(session, &mechanism, key_.private_key); rv != CKR_OK) return rv;
        std::array<unsigned char, 32> digest{1, 2, 3};
        signature.resize(64);
        unsigned long size = signature.size();
        const CK_RV rv = token_->C_Sign(session, digest.data(), digest.size(), signature.data(), &size);
        signature.resize(rv == CKR_OK ? size : 0);
        return rv;
    }
    CK_RV sign() const {
        Bytes signature;
        return sign(session_, signature);
    }
    CK_RV verify(Bytes signature) const {
        CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
        EXPECT_EQ(token_->C_VerifyInit(session_, &mechanism, key_.public_key), CKR_OK);
        std::array<unsigned char, 32> digest{1, 2, 3};
        return token_->C_Verify(session_, digest.data(), digest.size(), signature.data(), signature.size());
    }

    Pair generate(std::span<const unsigned char> curve) const {
        CK_BBOOL yes = CK_TRUE;
        std::array of_public{
            CK_ATTRIBUTE{CKA_EC_PARAMS, const_cast<unsigned char*>(curve.data()), curve.size()},
            CK_ATTRIBUTE{CKA_VERIFY, &yes, sizeof yes},
        };
        std::array of_private{CK_ATTRIBUTE{CKA_SIGN, &yes, sizeof yes}, CK_ATTRIBUTE{CKA_SENSITIVE, &yes, sizeof yes}};
        const bool is_edwards = curve.size() == kEd25519.size();
        CK_MECHANISM mechanism{is_edwards ? CKM_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, nullptr, 0};
        Pair pair;
        EXPECT_EQ(token_->C_GenerateKeyPair(session_, &mechanism, of_public.data(), of_public.size(), of_private.data(),
                                            of_private.size(), &pair.public_key, &pair.private_key),
                  CKR_OK);
        return pair;
    }
    Pair generate_rsa() const {
        unsigned long bits = 2048;
        std::array of_public{CK_ATTRIBUTE{CKA_MODULUS_BITS, &bits, sizeof bits}};
        CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
        Pair pair;
        EXPECT_EQ(token_->C_GenerateKeyPair(session_, &mechanism, of_public.data(), of_public.size(), nullptr, 0,
                                            &pair.public_key, &pair.private_key),
                  CKR_OK);
        return pair;
    }
    AttributeReading read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
        return read_attribute({token_, session_}, object, type);
    }
    milliseconds time_of(std::size_t signatures) const {
        const auto started = steady_clock::now();
        for (std::size_t i = 0; i < signatures; ++i) EXPECT_EQ(sign(), CKR_OK);
        return std::chrono::duration_cast<milliseconds>(steady_clock::now() - started);
    }

    // side_by_side signs on two threads with a session each and gives the codes that were not CKR_OK.
    std::vector<CK_RV> side_by_side(std::size_t each) const {
        std::array<CK_SESSION_HANDLE, 2> own{};
        for (auto& session : own) EXPECT_EQ(open(session), CKR_OK);
        std::array<std::vector<CK_RV>, 2> failures;
        {
            std::vector<std::jthread> threads;
            for (std::size_t t = 0; t < own.size(); ++t)
                threads.emplace_back([&, t] {
                    Bytes signature;
                    for (std::size_t i = 0; i < each; ++i) {
                        if (const CK_RV rv = sign(own.at(t), signature); rv != CKR_OK) failures.at(t).push_back(rv);
                    }
                });
        }
        for (const auto session : own) token_->C_CloseSession(session);
        failures[0].insert(failures[0].end(), failures[1].begin(), failures[1].end());
        return failures[0];
    }

    static std::unique_ptr<test::SoftHsm> softhsm_;
    static CK_FUNCTION_LIST* token_;
    static CK_SLOT_ID slot_;
    static CK_SESSION_HANDLE anchor_;
    CK_SESSION_HANDLE session_ = 0;
    Pair key_;
    std::size_t counted_ = 0;
};
std::unique_ptr<test::SoftHsm> FaultyModule::softhsm_;
CK_FUNCTION_LIST* FaultyModule::token_;
CK_SLOT_ID FaultyModule::slot_;
CK_SESSION_HANDLE FaultyModule::anchor_;

TEST_F(FaultyModule, AfterAndCountChooseTheCalls) {
    inject("C_GenerateRandom after=1 count=2 return=CKR_DEVICE_ERROR  # a comment\n\n# and a line of it\n");
    EXPECT_EQ(random(), CKR_OK);
    EXPECT_EQ(random(), CKR_DEVICE_ERROR);
    EXPECT_EQ(random(), CKR_DEVICE_ERROR);
    EXPECT_EQ(random(), CKR_OK);
    inject("C_GenerateRandom return=CKR_TOKEN_RESOURCE_EXCEEDED\n");
    EXPECT_EQ(random(), 0x201UL);
    EXPECT_EQ(random(), CKR_OK);
    inject("C_GenerateRandom count=0 return=0x80000001\n");
    for (int i = 0; i < 5; ++i) EXPECT_EQ(random(), 0x80000001UL);
}

TEST_F(FaultyModule, AStarMeansEveryFunctionAndCountsThemTogether) {
    inject("* after=2 count=1 return=CKR_DEVICE_REMOVED\n");
    CK_SESSION_INFO info{};
    EXPECT_EQ(random(), CKR_OK);
    EXPECT_EQ(token_->C_GetSessionInfo(session_, &info), CKR_OK);
    EXPECT_EQ(random(), CKR_DEVICE_REMOVED);
    EXPECT_EQ(random(), CKR_OK);
}

TEST_F(FaultyModule, ChanceIsReproducible) {
    const auto draw = [&](int seed) {
        inject("C_GenerateRandom count=0 percent=30 seed=" + std::to_string(seed) + " return=CKR_DEVICE_ERROR\n");
        std::string drawn;
        for (int i = 0; i < 200; ++i) drawn += random() == CKR_OK ? '.' : 'x';
        inject("");
        (void)random();
        return drawn;
    };
    const std::string first = draw(7);
    EXPECT_EQ(draw(7), first);
    EXPECT_NE(draw(8), first);
    EXPECT_NEAR(static_cast<double>(std::count(first.begin(), first.end(), 'x')), 60.0, 25.0);
}

TEST_F(FaultyModule, ASignalArmsALine) {
    inject("C_GenerateRandom on=USR1 count=1 return=CKR_DEVICE_ERROR\n");
    EXPECT_EQ(random(), CKR_OK);
    ::raise(SIGUSR1);
    EXPECT_EQ(random(), CKR_DEVICE_ERROR);
    EXPECT_EQ(random(), CKR_OK);
    inject("C_GenerateRandom on=USR2 count=1 return=CKR_DEVICE_ERROR\n");
    EXPECT_EQ(random(), CKR_OK);
}

TEST_F(FaultyModule, OnceFileLetsAFaultHappenInOneLifeOnly) {
    const auto line = "C_GenerateRandom count=0 return=CKR_DEVICE_ERROR once_file=" + path("once").string() + "\n";
    inject(line);
    EXPECT_EQ(random(), CKR_DEVICE_ERROR);
    EXPECT_EQ(random(), CKR_OK);
    inject(line + " ");
    EXPECT_EQ(random(), CKR_OK);
}

TEST_F(FaultyModule, AMarkTellsHowOftenALineActed) {
    const auto marks = [&] { return test::read_text(path("mark")).size(); };
    const std::string mark = " mark=" + path("mark").string() + "\n";
    inject("C_GenerateRandom after=1 count=2 return=CKR_DEVICE_ERROR" + mark);
    EXPECT_EQ(random(), CKR_OK);
    EXPECT_FALSE(std::filesystem::exists(path("mark"))) << "the line's other conditions did not hold";
    for (int i = 0; i < 4; ++i) (void)random();
    EXPECT_EQ(marks(), 2U);
    inject("C_GenerateRandom delay_ms=0" + mark);
    EXPECT_EQ(random(), CKR_OK) << "it only leaves its mark";
    EXPECT_EQ(marks(), 3U);
    inject("C_GenerateRandom delay_ms=0 mark=" + path("no/such/folder").string() + "\n");
    EXPECT_EXIT((void)random(), ::testing::KilledBySignal(SIGABRT), "cannot write");
}

TEST_F(FaultyModule, ASignatureCanBeMadeAndHidden) {
    inject("C_Sign return=CKR_DEVICE_ERROR call=yes\nC_Sign after=1 return=CKR_FUNCTION_FAILED\n");
    EXPECT_EQ(sign(), CKR_DEVICE_ERROR);
    EXPECT_EQ(newly_counted(), 1U);
    EXPECT_EQ(sign(), CKR_FUNCTION_FAILED);
    EXPECT_EQ(newly_counted(), 1U);
}

TEST_F(FaultyModule, ASignatureCanBeWrongOrShort) {
    Bytes signature;
    ASSERT_EQ(sign(session_, signature), CKR_OK);
    EXPECT_EQ(verify(signature), CKR_OK);
    inject("C_Sign alter=signature\n");
    ASSERT_EQ(sign(session_, signature), CKR_OK);
    EXPECT_EQ(verify(signature), CKR_SIGNATURE_INVALID);
    signature.back() ^= 1;
    EXPECT_EQ(verify(signature), CKR_OK);
    inject("C_Sign truncate=3\n");
    ASSERT_EQ(sign(session_, signature), CKR_OK);
    EXPECT_EQ(signature.size(), 61U);
    ASSERT_EQ(sign(session_, signature), CKR_OK);
    EXPECT_EQ(signature.size(), 64U);
}

// best_of_ten: a machine that stands still makes a round longer, never shorter.
template <class Round>
steady_clock::duration best_of_ten(const Round& round) {
    auto best = steady_clock::duration::max();
    for (int i = 0; i < 10; ++i) best = std::min<steady_clock::duration>(best, round());
    return best;
}

TEST_F(FaultyModule, DelayAndRateTakeTime) {
    EXPECT_LT(best_of_ten([&] { return time_of(10); }), milliseconds{90});
    inject("C_Sign count=2 delay_ms=100\n");
    EXPECT_GE(time_of(3), milliseconds{200});
    inject("C_Sign rate=50\n");
    EXPECT_GE(time_of(11), milliseconds{195});
    EXPECT_LT(best_of_ten([&] { return time_of(11); }), milliseconds{600});
}

TEST_F(FaultyModule, ASerialisedTokenHasOneEngine) {
    const auto time_of_both = [&] {
        const auto started = steady_clock::now();
        EXPECT_TRUE(side_by_side(5).empty());
        return steady_clock::now() - started;
    };
    inject("C_Sign count=0 delay_ms=20\n");
    EXPECT_LT(best_of_ten(time_of_both), milliseconds{190});
    inject("C_Sign serialise delay_ms=20\n");
    EXPECT_GE(time_of_both(), milliseconds{200});
}

TEST_F(FaultyModule, ARaceShowsWhereCallsOverlap) {
    inject("C_Sign race delay_ms=5\n");
    EXPECT_EQ(sign(), CKR_OK);
    EXPECT_EQ(sign(), CKR_OK);
    // Two threads need not meet.
    std::vector<CK_RV> met;
    for (int i = 0; i < 50 && met.empty(); ++i) met = side_by_side(10);
    EXPECT_THAT(met, ::testing::Contains(CKR_OPERATION_NOT_INITIALIZED));
    inject("C_Sign count=0 delay_ms=5\n");
    EXPECT_TRUE(side_by_side(10).empty());
}

TEST_F(FaultyModule, SessionsAreLimited) {
    inject("C_OpenSession limit=4\n");  // anchor_ and session_ are open
    CK_SESSION_HANDLE third = 0, fourth = 0, fifth = 0;
    EXPECT_EQ(open(third), CKR_OK);
    EXPECT_EQ(open(fourth), CKR_OK);
    EXPECT_EQ(open(fifth), CKR_SESSION_COUNT);
    EXPECT_EQ(token_->C_CloseSession(fourth), CKR_OK);
    EXPECT_EQ(open(fifth), CKR_OK);
    token_->C_CloseSession(third);
    token_->C_CloseSession(fifth);
}

TEST_F(FaultyModule, AnotherPublicKeyIsValidInItself) {
    for (const std::span<const unsigned char> curve :
         {std::span<const unsigned char>{kP256}, std::span<const unsigned char>{kP384},
          std::span<const unsigned char>{kEd25519}}) {
        inject("");
        const Pair pair = generate(curve);
        const auto honest = read_public_key({token_, session_}, pair.public_key);
        ASSERT_TRUE(honest) << honest.error().describe();
        inject("C_GetAttributeValue alter=key\n");
        const auto other = read_public_key({token_, session_}, pair.public_key);
        ASSERT_TRUE(other) << other.error().describe();
        EXPECT_EQ(other.value().type(), honest.value().type());
        EXPECT_NE(other.value().id(), honest.value().id());
    }
    inject("");
    const Pair rsa = generate_rsa();
    const auto honest = read_public_key({token_, session_}, rsa.public_key);
    ASSERT_TRUE(honest);
    inject("C_GetAttributeValue alter=key\n");
    const auto other = read_public_key({token_, session_}, rsa.public_key);
    ASSERT_TRUE(other);
    EXPECT_NE(other.value().id(), honest.value().id());
    EXPECT_EQ(read_public_key({token_, session_}, rsa.private_key).value().id(), other.value().id());
}

TEST_F(FaultyModule, AttributesLie) {
    inject("C_GetAttributeValue attribute=CKA_SENSITIVE value=false of=private\n");
    EXPECT_EQ(boolean_of(read(key_.private_key, CKA_SENSITIVE)), false);
    EXPECT_EQ(boolean_of(read(key_.private_key, CKA_SIGN)), true);
    EXPECT_EQ(boolean_of(read(key_.public_key, CKA_VERIFY)), true);
    inject("C_GetAttributeValue attribute=CKA_LOCAL value=false of=public\n");
    EXPECT_EQ(boolean_of(read(key_.public_key, CKA_LOCAL)), false);
    EXPECT_EQ(boolean_of(read(key_.private_key, CKA_LOCAL)), true);
    inject("C_GetAttributeValue attribute=CKA_SIGN value=absent\n");
    EXPECT_EQ(read(key_.private_key, CKA_SIGN).rv, CKR_ATTRIBUTE_TYPE_INVALID);
    inject("");
    EXPECT_EQ(read(key_.private_key, CKA_VALUE).rv, CKR_ATTRIBUTE_SENSITIVE);
    inject("C_GetAttributeValue attribute=CKA_VALUE value=disclosed\n");
    ASSERT_TRUE(read(key_.private_key, CKA_VALUE).value);
    EXPECT_EQ(read(key_.private_key, CKA_VALUE).value->size(), 32U);
}

TEST_F(FaultyModule, TemplatesAreDisobeyed) {
    EXPECT_EQ(boolean_of(read(key_.private_key, CKA_SENSITIVE)), true);
    inject("C_GenerateKeyPair ignore=CKA_SENSITIVE\n");
    EXPECT_EQ(boolean_of(read(generate(kP256).private_key, CKA_SENSITIVE)), false);
    inject("C_GenerateKeyPair ignore=CKA_SIGN=false\n");
    EXPECT_EQ(boolean_of(read(generate(kP256).private_key, CKA_SIGN)), false);
    inject("C_GenerateKeyPair count=1 ignore=CKA_SIGN=false\n");
    generate(kP256);
    EXPECT_EQ(boolean_of(read(generate(kP256).private_key, CKA_SIGN)), true);
}

TEST_F(FaultyModule, TheProcessEndsAsTheScriptSays) {
    inject("C_GenerateRandom crash\n");
    EXPECT_EXIT(random(), ::testing::KilledBySignal(SIGSEGV), "");
    inject("C_GenerateRandom abort\n");
    EXPECT_EXIT(random(), ::testing::KilledBySignal(SIGABRT), "");
    inject("C_GenerateRandom exit\n");
    EXPECT_EXIT(random(), ::testing::ExitedWithCode(1), "");
    inject("C_GenerateRandom hang\n");
    EXPECT_EXIT(
        {
            ::alarm(1);
            random();
        },
        ::testing::KilledBySignal(SIGALRM), "");
}

TEST_F(FaultyModule, CallYesEndsItBehindTheSignature) {
    inject("C_Sign crash call=yes\n");
    EXPECT_EXIT(sign(), ::testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EQ(newly_counted(), 1U);
    inject("C_Sign crash \n");
    EXPECT_EXIT(sign(), ::testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EQ(newly_counted(), 1U);
}

TEST_F(FaultyModule, LinesThatInjectNothingAreRefused) {
    for (const std::string line : {
             "C_Sing return=CKR_DEVICE_ERROR",
             "C_Sign",
             "C_Sign after=3",
             "C_Sign call=yes",
             "C_Sign return=CKR_NO_SUCH_CODE",
             "C_Sign return=0x",
             "C_Sign return=0x1z",
             "C_Sign after=many hang",
             "C_Sign after=-1 hang",
             "C_Sign percent=101 hang",
             "C_Sign on=HUP hang",
             "C_Sign hang call=maybe",
             "C_Sign limit=3",
             "C_Sign rate=0",
             "C_Sign alter=everything",
             "C_GetAttributeValue attribute=CKA_SIGN",
             "C_GetAttributeValue value=true",
             "C_GetAttributeValue attribute=CKA_NOTHING value=true",
             "C_GetAttributeValue attribute=CKA_SIGN value=perhaps",
             "C_GetAttributeValue attribute=CKA_SIGN value=true of=data",
             "C_GenerateKeyPair ignore=CKA_SIGN=perhaps",
             "C_Sign read_only=CKR_FUNCTION_FAILED",
         }) {
        inject(line);
        EXPECT_EXIT(random(), ::testing::KilledBySignal(SIGABRT), "cannot read the script's line") << line;
    }
}

}  // namespace
}  // namespace sealwright::hsm::pkcs11
