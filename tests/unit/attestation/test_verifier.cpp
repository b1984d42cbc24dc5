// sealwright-verify attestation: what it calls valid, invalid and incomplete.
#include "ceremonies/verifier/attestation.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

class VerifierOfAttestations : public ::testing::Test {
protected:
    // code is the exit code for this record and these roots.
    int code(const Bytes& record, const std::string& roots = {}) {
        files_.write("record", record);
        checks_ = verifier::Checks{};
        kept_ = verifier::verify_attestation({files_.path("record").string(), roots}, checks_);
        return static_cast<int>(checks_.verdict());
    }
    std::string roots_of(const x509::Certificate& certificate) {
        files_.write("roots.pem", x509::encode_pem("CERTIFICATE", certificate.der().view()));
        return files_.path("roots.pem").string();
    }
    static Record record_of(Scene& scene) {
        const Challenge made = scene.challenge();
        return attest(RequestId{}, "device", scene.opening, scene.tpm.answer(made, scene.leaf), scene.expect(made),
                      scene.context());
    }

    OpensslCli files_;
    verifier::Checks checks_;
    std::optional<Record> kept_;
};

TEST_F(VerifierOfAttestations, WantsTheRootThatAVerdictRestsOn) {
    Scene scene;
    const Bytes record = encode_record(record_of(scene));
    EXPECT_EQ(code(record), 2);
    EXPECT_EQ(code(record, roots_of(vendor().root())), 0);
    EXPECT_EQ(code(record, roots_of(vendor().intermediate())), 1);
    EXPECT_EQ(code(record, "/nowhere"), 2);
}

TEST_F(VerifierOfAttestations, NeedsNoRootWhereTheVerdictRestsOnNone) {
    Scene scene;
    scene.policy.accepted = {Level::requester};
    EXPECT_EQ(code(encode_record(record_of(scene))), 0);
    EXPECT_NE(checks_.human().find("requester's word"), std::string::npos);
    scene.policy.endorsement_hierarchy = true;
    scene.policy.accepted = {};
    EXPECT_EQ(code(encode_record(record_of(scene))), 0) << "a refusal that follows from the evidence is valid";
    EXPECT_NE(verifier::explain(*kept_).find("refused"), std::string::npos);
}

TEST_F(VerifierOfAttestations, CallsAVerdictInvalidThatDoesNotFollow) {
    Scene scene;
    Record record = record_of(scene);
    record.answer->activated_secret[0] ^= 1U;  // the verdict is still that of the other secret
    EXPECT_EQ(code(encode_record(record), roots_of(vendor().root())), 1);
    EXPECT_NE(checks_.human().find("activation_secret"), std::string::npos);
    EXPECT_EQ(code(Bytes{0x30, 0x00}), 1);
}

TEST_F(VerifierOfAttestations, ForgivesAnotherWordingAlone) {
    Scene scene;
    scene.policy.accepted = {Level::requester};
    Bytes record = encode_record(record_of(scene));
    const std::string_view word = "made for this challenge";
    const auto at = std::search(record.begin(), record.end(), word.begin(), word.end());
    ASSERT_NE(at, record.end());
    *at = 'M';
    EXPECT_EQ(code(record), 0);
    EXPECT_NE(checks_.human().find("worded otherwise"), std::string::npos);
}

TEST_F(VerifierOfAttestations, ExplainsEveryFinding) {
    Scene scene;
    const Record record = record_of(scene);
    const std::string text = verifier::explain(record), json = verifier::explain_json(record);
    for (const Finding& finding : record.verdict.findings()) {
        EXPECT_NE(text.find(check_code(finding.check)), std::string::npos);
        EXPECT_NE(text.find(finding.text), std::string::npos);
        EXPECT_NE(json.find(check_code(finding.check)), std::string::npos);
    }
    EXPECT_NE(text.find(crypto::sha256(record.answer->certify_info).hex()), std::string::npos);
}

}  // namespace
}  // namespace sealwright::attestation::test
