// A secret sealed to a simulated TPM: what opens it, and everything that must not.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "simulated_tpm.hpp"
#include "tpm/sealed.hpp"

namespace sealwright::tpm::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kPin = "31415926";

class Sealing : public WithSimulator<testing::Test> {
protected:
    // Tests extend PCRs of this TPM: each has PCRs of its own.
    static const SimulatedTpm& simulated() { return simulated_tpm("L-2"); }
    static std::string tcti() { return simulated().tpm().tcti(); }
    static Result<Sealed> sealed(const std::string& pcrs) {
        return seal(tcti(), Secret::copy_of(view_of(kPin)), parse_pcr_selection(pcrs).value(), "a test");
    }
    static std::string text(const Result<Secret>& secret) {
        return secret ? std::string{text_of(secret.value().reveal())} : secret.error().describe();
    }
    static void extend(unsigned pcr) {
        simulated().run("tpm2_pcrextend " + std::to_string(pcr) + ":sha256=" + std::string(64, '7'));
    }
};

TEST_F(Sealing, GivesTheSecretBackInTheSameStateAndLeavesNothing) {
    const auto made = sealed("sha256:0,2,4,7");
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(text(unseal(tcti(), made.value())), kPin);
    EXPECT_EQ(text(unseal(tcti(), made.value())), kPin);
    EXPECT_EQ(simulated().leftovers(), "");
    const auto state = examine(tcti(), made.value());
    ASSERT_TRUE(state);
    EXPECT_FALSE(state.value().is_other_tpm);
    EXPECT_TRUE(state.value().differing.empty());
}

TEST_F(Sealing, HoldsForEveryBankAndForManyPcrs) {
    for (const char* pcrs : {"sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "sha384:7", "sha256:23"}) {
        const auto made = sealed(pcrs);
        if (!made && made.error().code() == ErrorCode::unsupported) continue;  // a bank that this TPM was made without
        ASSERT_TRUE(made) << pcrs << made.error().describe();
        EXPECT_EQ(text(unseal(tcti(), made.value())), kPin) << pcrs;
    }
}

TEST_F(Sealing, RefusesOnceAPcrOfThePolicyWasExtendedAndSaysWhich) {
    const auto made = sealed("sha256:3,9,10").value();
    extend(8);
    EXPECT_EQ(text(unseal(tcti(), made)), kPin) << "a PCR that is not chosen";
    extend(9);
    const auto refused = unseal(tcti(), made);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::denied);
    EXPECT_THAT(refused.error().public_detail(), HasSubstr("differ: 9\n"));
    EXPECT_THAT(examine(tcti(), made).value().differing, ElementsAre(9));
    EXPECT_EQ(text(unseal(tcti(), sealed("sha256:3,9,10").value())), kPin) << "sealed anew";
    EXPECT_EQ(simulated().leftovers(), "");
}

// The comparison of PCRs before the TPM is asked is for people; what refuses is the TPM. tpm2-tools asks it directly.
TEST_F(Sealing, ForeignToolsGetItFromTheTpmInTheRightStateAlone) {
    const auto made = sealed("sha256:5,11").value();
    auto& shell = simulated().shell();
    shell.write("sealed.pub", made.blob.public_area);
    shell.write("sealed.priv", made.blob.private_area);
    simulated().run(
        "tpm2_createprimary -Q -C o -g sha256 -G ecc:aes128cfb -a "
        "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt' -c storage.ctx && "
        "tpm2_flushcontext -t && tpm2_load -Q -C storage.ctx -u sealed.pub -r sealed.priv -c sealed.ctx && "
        "tpm2_flushcontext -t && tpm2_unseal -c sealed.ctx -p pcr:sha256:5,11 -o unsealed && tpm2_flushcontext -t");
    EXPECT_EQ(text_of(ByteView{shell.read("unsealed")}.subspan(32)), kPin);
    EXPECT_FALSE(simulated().succeeds("tpm2_unseal -c sealed.ctx -o again"));
    EXPECT_FALSE(simulated().succeeds("tpm2_unseal -c sealed.ctx -p pcr:sha256:5 -o again"));
    extend(5);
    EXPECT_FALSE(simulated().succeeds("tpm2_unseal -c sealed.ctx -p pcr:sha256:5,11 -o again"));
    simulated().run("tpm2_flushcontext -t; tpm2_flushcontext -l");
    Sealed forged = made;  // who writes today's values into the file contradicts its policy
    forged.values = sealed("sha256:5,11").value().values;
    EXPECT_EQ(unseal(tcti(), forged).error().code(), ErrorCode::malformed);
    EXPECT_EQ(simulated().leftovers(), "");
}

TEST_F(Sealing, RefusesAnotherTpm) {
    const auto made = sealed("sha256:16").value();
    const auto other = simulated_tpm("L-1").tpm().tcti();
    EXPECT_TRUE(examine(other, made).value().is_other_tpm);
    const auto refused = unseal(other, made);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().public_detail(), HasSubstr("another TPM"));
    Sealed forged = made;  // even where the file claims to be this TPM's
    forged.storage_key =
        seal(other, Secret::copy_of(view_of("x")), parse_pcr_selection("sha256:16").value(), "").value().storage_key;
    EXPECT_EQ(unseal(other, forged).error().code(), ErrorCode::invalid_signature);
}

TEST_F(Sealing, NoFlippedBitIsOverlooked) {
    const auto made = sealed("sha256:0,7").value();
    const auto refuses = [&](const Sealed& changed, const std::string& what) {
        EXPECT_FALSE(unseal(tcti(), changed)) << what;
    };
    const auto each = [&](auto member, std::size_t step, const std::string& what) {
        for (std::size_t at = 0; at < member(made).size(); at += step) {
            Sealed changed = made;
            member(changed)[at] ^= 1U;
            refuses(changed, what + " " + std::to_string(at));
        }
    };
    each(
        [](auto& sealed) -> auto& { return sealed.blob.public_area; }, 7, "public");
    each(
        [](auto& sealed) -> auto& { return sealed.blob.private_area; }, 13, "private");
    each(
        [](auto& sealed) -> auto& { return sealed.storage_key; }, 11, "storage key");
    each(
        [](auto& sealed) -> auto& { return sealed.values[1]; }, 11, "value");
    Sealed changed = made;
    changed.purpose = "b test";
    refuses(changed, "purpose");
    changed = made;
    changed.selection.pcrs = {0, 6};
    refuses(changed, "selection");
    EXPECT_EQ(text(unseal(tcti(), made)), kPin);
    EXPECT_EQ(simulated().leftovers(), "");
}

// What a listener between the machine and its TPM gets (tpm2-tss records it for us): everything but the secret.
TEST_F(Sealing, TheSecretIsNeverOnTheBusInClear) {
    const std::string record = "bus.pcap";
    ::setenv("TCTI_PCAP_FILE", record.c_str(), 1);
    const auto made =
        seal("pcap:" + tcti(), Secret::copy_of(view_of(kPin)), parse_pcr_selection("sha256:0,7").value(), "a test");
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(text(unseal("pcap:" + tcti(), made.value())), kPin);
    ::unsetenv("TCTI_PCAP_FILE");
    std::ifstream file{record, std::ios::binary};
    const std::string heard{std::istreambuf_iterator<char>{file}, {}};
    std::filesystem::remove(record);
    const auto& blob = made.value().blob.private_area;
    EXPECT_THAT(heard, HasSubstr(std::string{text_of(ByteView{blob}.subspan(2))})) << "nothing was recorded";
    EXPECT_THAT(heard, Not(HasSubstr(std::string{kPin})));
}

TEST_F(Sealing, HasBounds) {
    const auto pcrs = parse_pcr_selection("sha256:0").value();
    const std::string longest(kMaxSealed, '9');
    const auto made = seal(tcti(), Secret::copy_of(view_of(longest)), pcrs, "");
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(text(unseal(tcti(), made.value())), longest);
    EXPECT_EQ(seal(tcti(), Secret::copy_of(view_of(longest + "9")), pcrs, "").error().code(), ErrorCode::too_large);
    EXPECT_EQ(seal(tcti(), Secret{}, pcrs, "").error().code(), ErrorCode::too_large);
    EXPECT_FALSE(seal(tcti(), Secret::copy_of(view_of(kPin)), {}, ""));
}

TEST(PcrSelection, IsReadAndWrittenAsTpm2ToolsDoes) {
    EXPECT_EQ(pcr_selection_text(parse_pcr_selection("sha256:7,0,4,2").value()), "sha256:0,2,4,7");
    EXPECT_EQ(pcr_selection_text(parse_pcr_selection("sha512:23").value()), "sha512:23");
    for (const char* wrong : {"", "sha256", "sha256:", "sha1:0", "SHA256:0", "sha256:24", "sha256:0,0", "sha256:0,",
                              "sha256:,0", "sha256:-1", "sha256: 0", "sha256:0;1", "sha256:99999999999"})
        EXPECT_EQ(parse_pcr_selection(wrong).error().code(), ErrorCode::malformed) << wrong;
}

}  // namespace
}  // namespace sealwright::tpm::test
