// What is affirmed, on which level, with which facts; and beside it what is refused.
#include "attestation/ek_template.hpp"
#include "attestation/tpm_names.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

TEST(Attestation, AffirmsEveryTemplate) {
    for (const std::string_view name : {"L-1", "L-2", "H-1", "H-2", "H-3", "H-4", "H-6"}) {
        Scene scene{name};
        const Verdict opened = scene.open();
        EXPECT_TRUE(opened.affirming()) << name << ": " << show(opened);
        const Verdict verdict = scene.run();
        EXPECT_TRUE(verdict.affirming()) << name << ": " << show(verdict);
        EXPECT_EQ(verdict.level(), Level::ek_certificate);
        EXPECT_EQ(verdict.facts().ek_template, name);
        EXPECT_EQ(verdict.facts().manufacturer, "id:54455354");
        EXPECT_EQ(verdict.facts().ek, scene.tpm.ek().public_key().id());
        EXPECT_EQ(verdict.facts().ek, ek_of(scene.opening).value());
    }
}

TEST(Attestation, AffirmsEverySchemeOfTheAk) {
    for (const auto& [type, scheme] : {std::pair{KeyType::rsa, kAlgRsassa},
                                       {KeyType::rsa, kAlgRsapss},
                                       {KeyType::ec_p256, kAlgEcdsa},
                                       {KeyType::ec_p384, kAlgEcdsa}}) {
        Scene scene{"L-2", type, KeyType::ec_p384, AkPlace::endorsement, scheme};
        const Verdict verdict = scene.run();
        EXPECT_TRUE(verdict.affirming()) << tpm_algorithm_name(scheme) << ": " << show(verdict);
    }
    Scene scene{"L-2", KeyType::ec_p256, KeyType::rsa};
    EXPECT_TRUE(scene.run().affirming());
}

TEST(Attestation, MakesTheEkOfTheCertificateAndATemplate) {
    Scene scene{"L-1"};
    scene.opening.ek_public.clear();
    EXPECT_FALSE(scene.open().affirming());
    scene.opening.ek_template = "L-1";
    EXPECT_TRUE(scene.run().affirming()) << show(scene.run());
    scene.opening.ek_template =
        "H-1";  // the same key by another template is another EK: its TPM has another name for it
    const Challenge made = scene.challenge();
    const Verdict verdict =
        verify_attestation(scene.opening, scene.tpm.answer(made, scene.leaf), scene.expect(made), scene.context());
    // H-1 has L-1's nameAlg and symmetric algorithm, so that the credential opens; what differs is the template alone.
    EXPECT_EQ(verdict.facts().ek_template, "H-1");
    scene.opening.ek_template = "H-6";
    EXPECT_TRUE(refuses(scene.open(), Check::ek_public_parses));
    scene.opening.ek_template = "L-9";
    EXPECT_TRUE(refuses(scene.open(), Check::ek_public_parses));
}

TEST(Attestation, KnowsWhereTheAkStands) {
    struct Case {
        AkPlace place;
        Outcome outcome;
        std::string_view hierarchy;
        bool clear;
    };
    for (const Case& one : {Case{AkPlace::endorsement, Outcome::proven, "endorsement", true},
                            Case{AkPlace::below_ek, Outcome::proven, "endorsement", true},
                            Case{AkPlace::platform, Outcome::proven, "platform", true},
                            Case{AkPlace::owner, Outcome::proven, "owner", false},
                            Case{AkPlace::below_storage_key, Outcome::claimed, "", false}}) {
        Scene scene{"L-2", KeyType::ec_p256, KeyType::ec_p256, one.place};
        const Verdict verdict = scene.run();
        EXPECT_TRUE(verdict.affirming()) << show(verdict);
        EXPECT_EQ(outcome_of(verdict, Check::ak_hierarchy), one.outcome);
        EXPECT_EQ(verdict.facts().hierarchy, one.hierarchy);
        EXPECT_EQ(verdict.facts().counters_are_clear, one.clear);
        EXPECT_EQ(verdict.facts().reset_count, 7U);
        scene.policy.endorsement_hierarchy = true;
        EXPECT_EQ(scene.run().affirming(), one.hierarchy == "endorsement");
    }
    Scene scene{"L-2", KeyType::ec_p256, KeyType::ec_p256, AkPlace::null};
    EXPECT_TRUE(refuses(scene.run(), Check::ak_hierarchy));
}

TEST(Attestation, TakesTheHighestAcceptedLevel) {
    Scene scene;
    scene.policy.accepted = {Level::requester, Level::ek_certificate, Level::ek_list};
    EXPECT_EQ(scene.open().level(), Level::ek_certificate);
    scene.listed = true;
    EXPECT_EQ(scene.open().level(), Level::ek_list);
    scene.policy.accepted = {Level::requester};
    EXPECT_EQ(scene.open().level(), Level::requester);
    scene.policy.accepted = {};
    EXPECT_TRUE(refuses(scene.open(), Check::ek_level));
    scene.policy.accepted = {Level::none};
    EXPECT_TRUE(refuses(scene.open(), Check::ek_level));
}

TEST(Attestation, DoesNotNeedWhatTheLevelDoesNotRestOn) {
    Scene scene;
    scene.anchors = {};
    scene.policy.accepted = {Level::requester, Level::ek_certificate};
    const Verdict verdict = scene.open();
    EXPECT_EQ(verdict.level(), Level::requester) << show(verdict);
    EXPECT_EQ(outcome_of(verdict, Check::ek_certificate_chain), Outcome::not_reached);
    EXPECT_TRUE(verdict.facts().manufacturer.empty()) << "not proven";
    scene.policy.accepted = {Level::ek_certificate};
    EXPECT_TRUE(refuses(scene.open(), Check::ek_certificate_chain));
    scene.policy.accepted = {Level::ek_list};
    EXPECT_TRUE(refuses(scene.open(), Check::ek_on_list));
    EXPECT_EQ(outcome_of(scene.open(), Check::ek_certificate_chain), Outcome::not_reached);
    scene.listed = true;
    EXPECT_TRUE(scene.open().affirming());
}

TEST(Attestation, RefusesAnotherEksCertificateOnEveryLevel) {
    Scene scene;
    scene.listed = true;
    scene.policy.accepted = {Level::requester, Level::ek_certificate, Level::ek_list};
    EXPECT_TRUE(scene.open().affirming());
    scene.opening.ek_certificate = vendor().certify_ek(ek_of_template("H-2").public_key());
    EXPECT_TRUE(refuses(scene.open(), Check::ek_certificate_key));
}

TEST(Attestation, RefusesSimulatorsUnlessThePolicyLetsThemCount) {
    for (const std::string_view id : {"id:00001014", "id:49424D00", "id:49424d00", "id:58595A5A", "id:58595A20"}) {
        Scene scene;
        scene.opening.ek_certificate =
            vendor().certify_ek(scene.tpm.ek().public_key(), {.manufacturer = std::string{id}});
        EXPECT_TRUE(refuses(scene.open(), Check::ek_simulator)) << id;
        scene.policy.accepted = {Level::requester};
        EXPECT_TRUE(refuses(scene.open(), Check::ek_simulator)) << "on every level";
        scene.policy.accepted = {Level::ek_certificate};
        scene.policy.simulators = true;
        EXPECT_TRUE(scene.open().affirming()) << show(scene.open());
        EXPECT_EQ(outcome_of(scene.open(), Check::ek_simulator), Outcome::claimed);
    }
}

TEST(Attestation, SaysThatRevocationWasNotLookedAt) {
    Scene scene;
    const Verdict verdict = scene.open();
    EXPECT_TRUE(verdict.affirming());
    EXPECT_EQ(outcome_of(verdict, Check::ek_certificate_revocation), Outcome::skipped);
}

TEST(Attestation, SourcesPointIntoTheInputs) {
    Scene scene;
    const Challenge made = scene.challenge();
    const Answer answer = scene.tpm.answer(made, scene.leaf);
    const Verdict verdict = verify_attestation(scene.opening, answer, scene.expect(made), scene.context());
    const Finding* nonce = finding_of(verdict, Check::certify_nonce);
    ASSERT_NE(nonce, nullptr);
    EXPECT_EQ(nonce->source.input, "certify_info");
    EXPECT_EQ(nonce->source.digest, crypto::sha256(answer.certify_info));
    EXPECT_TRUE(equal(ByteView{answer.certify_info}.subspan(nonce->source.offset, nonce->source.size), made.nonce));
    const Finding* name = finding_of(verdict, Check::certify_name);
    EXPECT_TRUE(equal(ByteView{answer.certify_info}.subspan(name->source.offset, name->source.size),
                      name_of(scene.leaf.area())));
}

TEST(Attestation, ReadsTheAttestWithAndWithoutItsSize) {
    Scene scene;
    const Challenge made = scene.challenge();
    Answer answer = scene.tpm.answer(made, scene.leaf);
    answer.certify_info.erase(answer.certify_info.begin(), answer.certify_info.begin() + 2);
    EXPECT_TRUE(verify_attestation(scene.opening, answer, scene.expect(made), scene.context()).affirming());
    answer.certify_info.push_back(0);
    EXPECT_TRUE(
        refuses(verify_attestation(scene.opening, answer, scene.expect(made), scene.context()), Check::certify_parses));
}

TEST(Attestation, RefusesAnAnswerToAnotherChallenge) {
    Scene scene;
    const Challenge first = scene.challenge(), second = scene.challenge();
    const Verdict verdict =
        verify_attestation(scene.opening, scene.tpm.answer(first, scene.leaf), scene.expect(second), scene.context());
    EXPECT_TRUE(refuses(verdict, Check::activation_secret));
    EXPECT_TRUE(refuses(verdict, Check::certify_nonce));
    EXPECT_EQ(verdict.summary(), "activation_secret, certify_nonce");
}

TEST(Attestation, TheSecretCannotBeActivatedByAnotherTpm) {
    Scene scene;
    const FakeTpm other{ek_of_template("H-2"), scene.tpm.ak()};
    const Challenge made = scene.challenge();
    EXPECT_FALSE(other.activate(made.credential_blob, made.encrypted_secret));
    const FakeTpm without_ak{scene.tpm.ek(), ak_of(KeyType::ec_p384)};
    EXPECT_FALSE(without_ak.activate(made.credential_blob, made.encrypted_secret));
    EXPECT_TRUE(scene.tpm.activate(made.credential_blob, made.encrypted_secret));
}

TEST(Attestation, RefusesMixedUpKeys) {
    Scene scene;
    Opening opening = scene.opening;
    opening.ak_public = opening.ek_public;
    EXPECT_TRUE(refuses(verify_opening(opening, scene.context()), Check::ak_differs_from_ek));
    scene.leaf = scene.tpm.ak();
    EXPECT_TRUE(refuses(scene.run(), Check::key_differs_from_ak));
    scene.leaf = scene.tpm.ek();
    EXPECT_TRUE(refuses(scene.run(), Check::key_differs_from_ak));
}

TEST(Attestation, HoldsAllFindingsNotTheFirst) {
    Scene scene;
    TpmPublic ak = scene.tpm.ak().area();
    ak.attributes = kDecrypt;
    ak.scheme = {kAlgNull, 0};
    scene.opening.ak_public = encode_sized_public(ak);
    const Verdict verdict = scene.open();
    EXPECT_EQ(refusing(verdict), (std::vector{Check::ak_attributes, Check::ak_restricted, Check::ak_scheme}));
}

TEST(Attestation, NamesOfEverythingGoThereAndBack) {
    for (unsigned number = 0; number < 0x10000; ++number) {
        const auto check = static_cast<Check>(number);
        if (check_code(check) == "unknown") continue;
        EXPECT_EQ(parse_check_code(check_code(check)), check);
        EXPECT_FALSE(check_clause(check).empty());
        EXPECT_NE(check_clause(check), "unknown");
    }
    EXPECT_EQ(check_code(Check::certify_signature), "certify_signature");
    EXPECT_EQ(check_code(Check::ek_level), "ek_level");
    EXPECT_FALSE(parse_check_code("nothing"));
    for (const Outcome outcome :
         {Outcome::proven, Outcome::claimed, Outcome::not_reached, Outcome::skipped, Outcome::failed}) {
        EXPECT_EQ(parse_outcome_name(outcome_name(outcome)), outcome);
    }
    for (const Level level : {Level::none, Level::requester, Level::ek_certificate, Level::ek_list}) {
        EXPECT_EQ(parse_level_name(level_name(level)), level);
    }
}

}  // namespace
}  // namespace sealwright::attestation::test
