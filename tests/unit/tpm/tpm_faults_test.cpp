// What goes wrong with a TPM: each is told in words that help, and nothing is left in it.
#include <gmock/gmock.h>

#include "simulated_tpm.hpp"

namespace sealwright::tpm::test {
namespace {

using testing::HasSubstr;

class TpmFaults : public WithSimulator<testing::Test> {};

TEST_F(TpmFaults, ATpmThatIsNotThereIsNamed) {
    const auto missing = Tpm{"device:/dev/no-such-tpm"}.create_key(KeyKind::p256);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), ErrorCode::unavailable);
    EXPECT_THAT(missing.error().public_detail(), HasSubstr("there is no TPM at /dev/no-such-tpm\n"));
    const auto down = Tpm{"swtpm:path=/nonexistent"}.create_key(KeyKind::p256);
    ASSERT_FALSE(down);
    EXPECT_EQ(down.error().code(), ErrorCode::unavailable);
}

TEST_F(TpmFaults, ABlobThatWasChangedIsNotThisTpms) {
    const SimulatedTpm& simulated = simulated_tpm("L-1");
    auto key = simulated.tpm().create_key(KeyKind::p256).value();
    ASSERT_TRUE(simulated.tpm().check_key(key));
    key.private_area.back() ^= 1;
    const auto refused = simulated.tpm().check_key(key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_signature) << refused.error().describe();
    EXPECT_EQ(simulated.leftovers(), "");
}

TEST_F(TpmFaults, AKeyOfAnotherTpmIsNotThisTpms) {
    const auto foreign = simulated_tpm("L-2").tpm().create_ak(EkTemplate::l2, KeyKind::p256).value();
    const auto refused = simulated_tpm("none").tpm().check_ak(EkTemplate::l2, foreign);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_signature) << refused.error().describe();
    EXPECT_EQ(simulated_tpm("none").leftovers(), "");
}

TEST_F(TpmFaults, ACredentialForAnotherKeyIsRefused) {
    const SimulatedTpm& simulated = simulated_tpm("L-2");
    auto& shell = simulated.shell();
    const auto ak = simulated.tpm().create_ak(EkTemplate::l2, KeyKind::p256).value();
    shell.write("ek.pub", simulated.tpm().find_endorsement({EkTemplate::l2}).value().public_area);
    shell.write("secret", Bytes(32, 1));
    shell.run("tpm2_makecredential --tcti none -u ek.pub -s secret -n 000b" + std::string(64, 'a') + " -o credential");
    const Bytes file = shell.read("credential");
    const auto size = static_cast<std::ptrdiff_t>(2 + (file[8] << 8U | file[9]));
    const auto refused = simulated.tpm().activate(
        EkTemplate::l2, ak,
        {Bytes(file.begin() + 8, file.begin() + 8 + size), Bytes(file.begin() + 8 + size, file.end())});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_signature) << refused.error().describe();
    EXPECT_EQ(simulated.leftovers(), "");
}

TEST_F(TpmFaults, APasswordOfAHierarchyIsTold) {
    const SimulatedTpm& simulated = simulated_tpm("L-2");
    const auto ak = simulated.tpm().create_ak(EkTemplate::l2, KeyKind::p256).value();
    simulated.run("tpm2_changeauth -c e secret && tpm2_changeauth -c o secret");
    const auto endorsement = simulated.tpm().check_ak(EkTemplate::l2, ak);
    const auto owner = simulated.tpm().create_key(KeyKind::p256);
    simulated.run("tpm2_changeauth -c e -p secret && tpm2_changeauth -c o -p secret");
    ASSERT_FALSE(endorsement);
    EXPECT_THAT(endorsement.error().public_detail(), HasSubstr("refuses the empty password\n"));
    ASSERT_FALSE(owner);
    EXPECT_THAT(owner.error().public_detail(), HasSubstr("refuses the empty password\n"));
    EXPECT_EQ(simulated.leftovers(), "");
    EXPECT_TRUE(simulated.tpm().check_ak(EkTemplate::l2, ak));
}

TEST_F(TpmFaults, PlacesThatOthersTookAreTold) {
    const SimulatedTpm& simulated = simulated_tpm("none");
    simulated.run("for i in 1 2 3; do tpm2_createprimary -C n -c place$i; done");
    const auto full = simulated.tpm().create_key(KeyKind::p256);
    simulated.run("tpm2_flushcontext -t");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), ErrorCode::unavailable);
    EXPECT_THAT(full.error().public_detail(), HasSubstr("/dev/tpmrm0"));
    EXPECT_TRUE(simulated.tpm().create_key(KeyKind::p256));
}

TEST_F(TpmFaults, OwnKeysThatAKilledRunLeftAreTakenOutAndOnlyThose) {
    const SimulatedTpm& simulated = simulated_tpm("none");
    const auto key = simulated.tpm().create_key(KeyKind::p256).value();
    simulated.shell().write("key.pub", key.public_area);
    simulated.shell().write("key.priv", key.private_area);
    simulated.run(
        "tpm2_createprimary -C o -G ecc -a "
        "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt|noda' -c parent.ctx && "
        "tpm2_load -C parent.ctx -u key.pub -r key.priv -c key.ctx && tpm2_flushcontext -t && "
        "tpm2_load -C parent.ctx -u key.pub -r key.priv -c key.ctx && tpm2_getcap handles-transient");
    ASSERT_EQ(simulated.shell().output().substr(simulated.shell().output().find("- 0x")),
              "- 0x80000000\n- 0x80000001\n")
        << "the parent and the key";
    const auto signature = simulated.tpm().sign(key, {crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256},
                                                view_of("message"));
    EXPECT_TRUE(signature) << signature.error().describe();
    simulated.run("tpm2_getcap handles-transient");
    EXPECT_EQ(simulated.shell().output(), "- 0x80000000\n") << "the parent is not ours to take out";
    simulated.run("tpm2_flushcontext -t");
}

}  // namespace
}  // namespace sealwright::tpm::test
