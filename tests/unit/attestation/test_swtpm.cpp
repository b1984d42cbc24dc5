// What a real implementation of a TPM wrote: swtpm 0.7.1 with libtpms 0.9.2, driven by tpm2-tools 5.4 and bare
// commands. The credentials that its TPM2_ActivateCredential opened were made by this room. data/ holds an L-1 EK with
// an ECDSA AK below it and a P-256 key, and an H-3 EK with a primary RSAPSS AK and an RSA key; and a quote by the first
// AK with the same nonce.
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

Bytes read(const std::string& name) {
    std::ifstream in{"tests/unit/attestation/data/" + name, std::ios::binary};
    EXPECT_TRUE(in) << name;
    return Bytes(std::istreambuf_iterator<char>{in}, {});
}

struct Captured {
    explicit Captured(const std::string& which) {
        const auto part = [&](const char* name) { return read("swtpm_" + which + "_" + name + ".bin"); };
        opening = {.ek_certificate = part("ek_certificate"),
                   .ek_chain = {read("swtpm_issuer.der")},
                   .ek_public = part("ek_public"),
                   .ek_template = {},
                   .ak_public = part("ak_public")};
        answer = {part("activated_secret"), part("key_public"), part("certify_info"), part("certify_signature")};
        expectation.secret_digest = crypto::sha256(answer.activated_secret);
        expectation.nonce = part("nonce");
        expectation.request_spki = public_key(parse_sized_public(answer.key_public).value()).value().spki().bytes();
        anchors.roots = {x509::Certificate::parse(read("swtpm_root.der")).value()};
        policy.accepted = {Level::ek_certificate};
        policy.simulators = true;
    }
    Verdict judge() const {
        const UtcTime time = from_rfc3339("2026-11-23T00:00:00Z").value();
        return verify_attestation(opening, answer, expectation, {anchors, policy, false, time});
    }

    Opening opening;
    Answer answer;
    Expectation expectation;
    TrustAnchors anchors;
    Policy policy;
};

TEST(Swtpm, ItsAttestationsAreAffirmed) {
    const Verdict low = Captured{"l1"}.judge();
    EXPECT_TRUE(low.affirming()) << show(low);
    EXPECT_EQ(low.facts().ek_template, "L-1");
    EXPECT_EQ(low.facts().manufacturer, "id:00001014");
    EXPECT_EQ(low.facts().hierarchy, "endorsement") << "the AK is a child of the EK";
    EXPECT_TRUE(low.facts().counters_are_clear);
    EXPECT_NE(low.facts().firmware_version, 0U);
    const Verdict high = Captured{"h3"}.judge();
    EXPECT_TRUE(high.affirming()) << show(high);
    EXPECT_EQ(high.facts().ek_template, "H-3");
    EXPECT_EQ(high.facts().hierarchy, "endorsement") << "the AK is a primary key";
    EXPECT_EQ(high.facts().firmware_version, low.facts().firmware_version) << "both are clear";
}

TEST(Swtpm, IsASimulator) {
    Captured captured{"l1"};
    captured.policy.simulators = false;
    EXPECT_EQ(refusing(captured.judge()), (std::vector{Check::ek_simulator, Check::ek_level}));
}

TEST(Swtpm, TheTemplateMakesTheSameEk) {
    Captured captured{"h3"};
    captured.opening.ek_public.clear();
    captured.opening.ek_template = "H-3";
    const Verdict verdict = captured.judge();
    EXPECT_TRUE(verdict.affirming()) << show(verdict);
    EXPECT_EQ(verdict.facts().hierarchy, "endorsement");
}

TEST(Swtpm, ItsQuoteIsNoCertification) {
    Captured captured{"l1"};
    captured.answer.certify_info = read("swtpm_l1_quote_info.bin");
    captured.answer.certify_signature = read("swtpm_l1_quote_signature.bin");
    const Verdict verdict = captured.judge();
    EXPECT_TRUE(refuses(verdict, Check::certify_type)) << show(verdict);
    EXPECT_EQ(outcome_of(verdict, Check::certify_signature), Outcome::proven) << "the AK did sign it";
    EXPECT_EQ(outcome_of(verdict, Check::certify_nonce), Outcome::proven) << "for this nonce";
}

TEST(Swtpm, OneBitOfItsAttestationIsNotItsAttestation) {
    const Captured good{"h3"};
    for (std::size_t at = 2; at < good.answer.certify_info.size(); ++at) {
        Captured changed = good;
        changed.answer.certify_info[at] ^= 0x10U;
        EXPECT_FALSE(changed.judge().affirming()) << at;
    }
}

}  // namespace
}  // namespace sealwright::attestation::test
