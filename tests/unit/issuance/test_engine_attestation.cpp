// The two rounds of an attestation through the engine: what is issued, what is refused and recorded, and that a
// challenge is worth one answer.
#include "asn1/oid.hpp"
#include "attestation/record.hpp"
#include "issuance/device_register.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/unit/issuance/house.hpp"

namespace sealwright::issuance {
namespace {

using attestation::Level;
using audit::EventKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const test::FakeVendor& vendor() {
    static const test::FakeVendor the{kNow};
    return the;
}
const test::FakeTpm& tpm(int number = 0) {
    static const std::array tpms{test::FakeTpm{test::make_ek("L-2"), test::make_ak()},
                                 test::FakeTpm{test::make_ek("L-2"), test::make_ak()}};
    return tpms.at(static_cast<std::size_t>(number));
}
const test::FakeTpmKey& leaf(int number = 0) {
    static const std::array leaves{test::make_leaf(), test::make_leaf()};
    return leaves.at(static_cast<std::size_t>(number));
}

std::string profile_with(const std::string& levels, const std::string& more = "") {
    std::string text = test::profile_text("attested-device");
    const auto at = text.find("levels = ");
    return text.substr(0, at) + "levels = " + levels + "\n" + more;
}

struct Attesting : House {
    explicit Attesting(const std::string& profile = test::profile_text("attested-device"))
        : House(BootEpoch{3}, profile) {
        anchors = std::make_shared<const attestation::TrustAnchors>(vendor().anchors());
        remake();
        secret = make_secret({"one"});
    }
    void remake() {
        EngineOptions options{.node = node, .lease = std::chrono::seconds{30}, .signer_ready = signer_ready};
        options.anchors = anchors;
        engine =
            std::make_unique<Engine>(ca.authority, profiles, std::move(options), store, ca.signer, clock, random, log);
    }

    AttestationOpening opening(policy::Principal principal, int number = 0) const {
        return {.principal = std::move(principal),
                .channel = policy::Channel::https,
                .peer = "192.0.2.7",
                .profile = profiles.begin()->first,
                .evidence = tpm(number).opening(vendor().certify_ek(tpm(number).ek().public_key()))};
    }
    // activated gives what the device sends back.
    static AttestationAnswer answer_to(const Challenged& challenged, const std::string& name = "one", int number = 0) {
        attestation::Challenge challenge;
        challenge.credential_blob = challenged.credential_blob;
        challenge.encrypted_secret = challenged.encrypted_secret;
        challenge.nonce = challenged.nonce;
        auto csr = test::csr_of(leaf(number), name);
        auto requested = profile::requested_content(csr).value();
        return {tpm(number).answer(challenge, leaf(number)), std::move(csr), std::move(requested)};
    }
    Challenged challenged_now(int number = 0) {
        auto challenged = engine->challenge(opening(secret, number));
        EXPECT_TRUE(challenged.outcome) << challenged.outcome.error().describe();
        return challenged.outcome.value();
    }
    Issued issued_by(const Challenged& challenged) {
        auto answered = engine->answer(challenged.request, secret, answer_to(challenged));
        EXPECT_TRUE(answered.outcome) << answered.outcome.error().describe();
        return std::get<Issued>(answered.outcome.value());
    }
    policy::CertificatePrincipal holder_of(const Issued& issued) {
        const auto certificate = x509::Certificate::parse(issued.certificate.view()).value();
        return {issued.serial, certificate.fingerprint(), profiles.begin()->first};
    }

    std::shared_ptr<const attestation::TrustAnchors> anchors;
    policy::SecretPrincipal secret;
};

std::vector<std::string> policies_of(const Issued& issued) {
    const auto certificate = x509::Certificate::parse(issued.certificate.view()).value();
    const auto* extension = x509::find_extension(certificate.fields().extensions, asn1::oid::kCertificatePolicies);
    std::vector<std::string> oids;
    if (extension == nullptr) return oids;
    const auto policies = x509::parse_certificate_policies(extension->value).value();
    for (const auto& policy : policies) oids.push_back(asn1::format_oid(policy.policy));
    return oids;
}

std::vector<std::string> checks(const std::vector<attestation::Finding>& findings) {
    std::vector<std::string> codes;
    for (const auto& finding : findings) codes.emplace_back(attestation::check_code(finding.check));
    return codes;
}

TEST(Attestation, TwoRoundsEndInACertificateThatSaysTheLevel) {
    Attesting house;
    const auto issued = house.issued_by(house.challenged_now());
    const auto record = house.record_of(issued.serial);
    EXPECT_EQ(record.level, Level::ek_certificate);
    EXPECT_EQ(record.subject_key, leaf().public_key().id());
    EXPECT_THAT(policies_of(issued), ElementsAre("1.3.6.1.4.1.311.21.31"));
    const auto device = house.store.device(tpm().ek().public_key().id(), kNow).value();
    EXPECT_EQ(device.certificates, std::vector{issued.serial});
    EXPECT_EQ(device.about.level, Level::ek_certificate);
    EXPECT_EQ(device.about.ek_template, "L-2");
    EXPECT_EQ(device.about.manufacturer, "id:54455354");
    const auto stored = attestation::parse_record(house.store.attestation(issued.request).value()).value();
    EXPECT_EQ(attestation::replay(stored), stored.verdict);
    EXPECT_EQ(stored.request, issued.request);
    EXPECT_THAT(kinds(house.store.events()),
                ElementsAre("request.challenged", "secret.used", "certificate.intended", "certificate.issued"));
    const auto intended = house.store.events(EventKind::certificate_intended).at(0);
    EXPECT_EQ(intended.fields.at("ek"), device.about.ek.hex());
    EXPECT_EQ(intended.fields.at("level"), "ek-certificate");
    EXPECT_FALSE(intended.fields.at("attestation_sha256").empty());
}

TEST(Attestation, AListedKeyReachesTheHigherLevel) {
    Attesting house;
    const auto ek = tpm().ek().public_key().id();
    ASSERT_TRUE(house.store.import_eks({{ek, "", kNow, "uid:1002(oscar)"}}, kNow, {}));
    const auto issued = house.issued_by(house.challenged_now());
    EXPECT_EQ(house.record_of(issued.serial).level, Level::ek_list);
    EXPECT_THAT(policies_of(issued), ElementsAre("1.3.6.1.4.1.311.21.30"));
}

TEST(Attestation, TheRequestersWordIsALevelOfItsOwn) {
    Attesting house{profile_with("[\"requester\"]")};
    auto opening = house.opening(house.secret);
    opening.evidence.ek_certificate.clear();
    auto challenged = house.engine->challenge(std::move(opening));
    ASSERT_TRUE(challenged.outcome) << challenged.outcome.error().describe();
    const auto issued = house.issued_by(challenged.outcome.value());
    EXPECT_EQ(house.record_of(issued.serial).level, Level::requester);
    EXPECT_THAT(policies_of(issued), ElementsAre("1.3.6.1.4.1.311.21.32"));
}

TEST(Attestation, AnUnknownVendorIsRefusedInTheFirstRoundWithARecord) {
    Attesting house;
    static const test::FakeVendor stranger{kNow, "Stranger"};
    auto opening = house.opening(house.secret);
    opening.evidence.ek_certificate = stranger.certify_ek(tpm().ek().public_key());
    const auto refused = house.engine->challenge(std::move(opening));
    EXPECT_EQ(code_of(refused.outcome), ErrorCode::denied);
    EXPECT_THAT(checks(refused.findings), Contains("ek_certificate_chain"));
    const auto row = house.only_request();
    EXPECT_EQ(row.id, refused.request);
    EXPECT_EQ(row.state, RequestState::refused);
    EXPECT_THAT(row.reason, HasSubstr("ek_certificate_chain"));
    const auto stored = attestation::parse_record(house.store.attestation(row.id).value()).value();
    EXPECT_EQ(attestation::replay(stored), stored.verdict);
    EXPECT_THAT(kinds(house.store.events()), ElementsAre("request.refused"));
    EXPECT_FALSE(house.store.find_secret({}).value());
    EXPECT_FALSE(house.store.secrets().value().at(0).used_at) << "a refusal leaves the secret whole";
}

TEST(Attestation, AChallengeIsWorthOneAnswer) {
    Attesting house;
    const auto challenged = house.challenged_now();
    const auto issued = house.issued_by(challenged);
    const auto again = house.engine->answer(challenged.request, house.secret, house.answer_to(challenged));
    EXPECT_EQ(code_of(again.outcome), ErrorCode::conflict);
    EXPECT_EQ(house.store.events(EventKind::access_denied).size(), 1U);
    EXPECT_EQ(house.only_certificate().serial, issued.serial);
}

TEST(Attestation, AWrongAnswerUsesItUpToo) {
    Attesting house;
    const auto challenged = house.challenged_now();
    auto wrong = house.answer_to(challenged);
    wrong.evidence.activated_secret.back() ^= 1U;
    const auto refused = house.engine->answer(challenged.request, house.secret, std::move(wrong));
    EXPECT_EQ(code_of(refused.outcome), ErrorCode::denied);
    EXPECT_THAT(checks(refused.findings), ElementsAre("activation_secret"));
    EXPECT_EQ(house.only_request().state, RequestState::refused);
    const auto right = house.engine->answer(challenged.request, house.secret, house.answer_to(challenged));
    EXPECT_EQ(code_of(right.outcome), ErrorCode::conflict);
    EXPECT_TRUE(house.store.certificates({}).value().empty());
}

TEST(Attestation, TheNonceOfAnotherChallengeIsStale) {
    Attesting house;
    const auto first = house.challenged_now();
    const auto old = house.answer_to(first);
    const auto second = house.challenged_now();
    auto mixed = house.answer_to(second);
    mixed.evidence.certify_info = old.evidence.certify_info;
    mixed.evidence.certify_signature = old.evidence.certify_signature;
    const auto refused = house.engine->answer(second.request, house.secret, std::move(mixed));
    EXPECT_THAT(checks(refused.findings), ElementsAre("certify_nonce"));
}

TEST(Attestation, ACsrForAnotherKeyIsRefused) {
    Attesting house;
    const auto challenged = house.challenged_now();
    auto answer = house.answer_to(challenged);
    answer.csr = test::csr_of(leaf(1), "one");
    const auto refused = house.engine->answer(challenged.request, house.secret, std::move(answer));
    EXPECT_EQ(code_of(refused.outcome), ErrorCode::denied);
    EXPECT_THAT(checks(refused.findings), ElementsAre("key_matches_request"));
}

TEST(Attestation, AnswersComeInTimeOrNotAtAll) {
    Attesting house;
    const auto challenged = house.challenged_now();
    EXPECT_EQ(challenged.expires_at, kNow + std::chrono::minutes{10});
    house.clock.set(challenged.expires_at);
    const auto late = house.engine->answer(challenged.request, house.secret, house.answer_to(challenged));
    EXPECT_EQ(code_of(late.outcome), ErrorCode::expired);
    EXPECT_EQ(house.only_request().state, RequestState::refused);
}

TEST(Attestation, AnAnswerInTheLastSecondIsInTime) {
    Attesting house;
    const auto challenged = house.challenged_now();
    house.clock.set(challenged.expires_at - std::chrono::seconds{1});
    house.issued_by(challenged);
}

TEST(Attestation, UnansweredChallengesAreEnded) {
    Attesting house;
    const auto challenged = house.challenged_now();
    EXPECT_EQ(house.engine->expire_challenges().value(), 0U);
    house.clock.set(challenged.expires_at);
    EXPECT_EQ(house.engine->expire_challenges().value(), 1U);
    EXPECT_EQ(house.only_request().code, ErrorCode::expired);
    EXPECT_EQ(house.store.events(EventKind::request_refused).size(), 1U);
    EXPECT_EQ(house.engine->expire_challenges().value(), 0U);
}

TEST(Attestation, ANewerChallengeTakesThePlaceOfTheOneBefore) {
    Attesting house;
    const auto first = house.challenged_now();
    const auto second = house.challenged_now();
    const auto old = house.engine->answer(first.request, house.secret, house.answer_to(first));
    EXPECT_EQ(code_of(old.outcome), ErrorCode::conflict);
    house.issued_by(second);
}

TEST(Attestation, NobodyAnswersForAnother) {
    Attesting house;
    const auto challenged = house.challenged_now();
    const auto other = house.make_secret({"one"});
    const auto stolen = house.engine->answer(challenged.request, other, house.answer_to(challenged));
    EXPECT_EQ(code_of(stolen.outcome), ErrorCode::denied);
    EXPECT_EQ(code_of(house.engine->answer(challenged.request, kOperator, house.answer_to(challenged)).outcome),
              ErrorCode::denied);
    house.issued_by(challenged);
}

TEST(Attestation, OneKeyWithTwoIdentitiesIsRefused) {
    Attesting house;
    house.issued_by(house.challenged_now());
    house.secret = house.make_secret({"two"});
    const auto challenged = house.challenged_now();
    const auto refused = house.engine->answer(challenged.request, house.secret, house.answer_to(challenged, "two"));
    EXPECT_EQ(code_of(refused.outcome), ErrorCode::denied);
    EXPECT_EQ(house.store.request(challenged.request).value().state, RequestState::refused);
    EXPECT_EQ(house.store.certificates({}).value().size(), 1U);
}

TEST(Attestation, AnIdentityIsNotTakenOverByAnotherTpm) {
    Attesting house;
    house.issued_by(house.challenged_now());
    house.secret = house.make_secret({"one"});
    const auto challenged = house.challenged_now(1);
    const auto refused = house.engine->answer(challenged.request, house.secret, house.answer_to(challenged, "one", 1));
    EXPECT_EQ(code_of(refused.outcome), ErrorCode::denied);
}

TEST(Attestation, ARevokedDeviceGetsNoChallenge) {
    Attesting house;
    const auto issued = house.issued_by(house.challenged_now());
    Revoker revoker{house.store, house.node, house.clock, house.log, [] {}};
    DeviceRegister devices{house.store, revoker, house.node, house.clock, house.log};
    const auto ek = tpm().ek().public_key().id();
    EXPECT_EQ(code_of(devices.end(ek, DeviceState::revoked, x509::RevocationReason::key_compromise, kOperator)),
              ErrorCode::denied);
    EXPECT_EQ(devices.end(ek, DeviceState::revoked, x509::RevocationReason::key_compromise, kOfficer).value(), 1U);
    EXPECT_TRUE(house.record_of(issued.serial).revocation);
    EXPECT_EQ(house.store.events(EventKind::device_revoked).size(), 1U);
    EXPECT_EQ(code_of(devices.end(ek, DeviceState::revoked, x509::RevocationReason::key_compromise, kOfficer)),
              ErrorCode::conflict);
    house.secret = house.make_secret({"one"});
    EXPECT_EQ(code_of(house.engine->challenge(house.opening(house.secret)).outcome), ErrorCode::denied);
}

TEST(Attestation, ARenewalIsTheSameDeviceWithAFreshProof) {
    Attesting house;
    const auto issued = house.issued_by(house.challenged_now());
    house.clock.set(kNow + std::chrono::hours{24 * 20});
    const policy::Principal holder = house.holder_of(issued);
    // Another TPM with the certificate's key would be another machine.
    EXPECT_EQ(code_of(house.engine->challenge(house.opening(holder, 1)).outcome), ErrorCode::denied);
    const auto challenged = house.engine->challenge(house.opening(holder));
    ASSERT_TRUE(challenged.outcome) << challenged.outcome.error().describe();
    const auto renewed = house.engine->answer(challenged.request, holder, house.answer_to(challenged.outcome.value()));
    ASSERT_TRUE(renewed.outcome) << renewed.outcome.error().describe();
    const auto record = house.record_of(std::get<Issued>(renewed.outcome.value()).serial);
    EXPECT_EQ(record.renews, issued.serial);
    EXPECT_EQ(record.level, Level::ek_certificate);
}

TEST(Attestation, ARenewalClaimsNoMoreThanItProves) {
    Attesting house;
    const auto ek = tpm().ek().public_key().id();
    ASSERT_TRUE(house.store.import_eks({{ek, "", kNow, "uid:1002(oscar)"}}, kNow, {}));
    const auto issued = house.issued_by(house.challenged_now());
    ASSERT_EQ(house.record_of(issued.serial).level, Level::ek_list);
    ASSERT_TRUE(house.store.remove_ek(ek, kNow, {}));
    house.clock.set(kNow + std::chrono::hours{24 * 20});
    const policy::Principal holder = house.holder_of(issued);
    const auto challenged = house.engine->challenge(house.opening(holder));
    const auto renewed = house.engine->answer(challenged.request, holder, house.answer_to(challenged.outcome.value()));
    const auto& again = std::get<Issued>(renewed.outcome.value());
    EXPECT_EQ(house.record_of(again.serial).level, Level::ek_certificate);
    EXPECT_THAT(policies_of(again), ElementsAre("1.3.6.1.4.1.311.21.31"));
}

TEST(Attestation, ACsrAloneIsNotEnough) {
    Attesting house;
    const auto refused = house.engine->issue(house.good_request(house.secret));
    EXPECT_EQ(code_of(refused), ErrorCode::denied);
    EXPECT_THAT(house.only_request().reason, HasSubstr("TPM"));
}

TEST(Attestation, AProfileWithoutTheSectionKnowsNone) {
    House house;
    const auto secret = house.make_secret();
    AttestationOpening opening{.principal = secret,
                               .channel = policy::Channel::https,
                               .peer = "192.0.2.7",
                               .profile = "tls-server",
                               .evidence = tpm().opening()};
    EXPECT_EQ(code_of(house.engine->challenge(std::move(opening)).outcome), ErrorCode::denied);
    EXPECT_EQ(house.only_request().state, RequestState::refused);
}

TEST(Attestation, ASignerThatIsDownLeavesTheChallengeAsItIs) {
    Attesting house;
    const auto challenged = house.challenged_now();
    house.signer_ready = [] { return false; };
    house.remake();
    EXPECT_EQ(code_of(house.engine->answer(challenged.request, house.secret, house.answer_to(challenged)).outcome),
              ErrorCode::unavailable);
    house.signer_ready = {};
    house.remake();
    house.issued_by(challenged);
}

TEST(Attestation, ApprovalsWaitForWhatWasProven) {
    std::string profile = test::profile_text("attested-device");
    profile.insert(profile.find("bound_names"), "approvals = 1\n");
    Attesting house{profile};
    const auto challenged = house.challenged_now();
    const auto waiting = house.engine->answer(challenged.request, house.secret, house.answer_to(challenged));
    ASSERT_TRUE(waiting.outcome) << waiting.outcome.error().describe();
    EXPECT_TRUE(std::holds_alternative<Pending>(waiting.outcome.value()));
    ASSERT_TRUE(house.engine->approve(challenged.request, kOfficer));
    const auto issued = house.engine->resume(challenged.request, house.secret);
    ASSERT_TRUE(issued) << issued.error().describe();
    EXPECT_EQ(house.record_of(std::get<Issued>(issued.value()).serial).level, Level::ek_certificate);
}

TEST(Attestation, ASecretThatExpiresWhileItsRequestWaitsIsStillGood) {
    Attesting house{profile_with("[\"ek-certificate\"]", "challenge_lifetime = \"10h\"\n")};
    const auto challenged = house.challenged_now();
    house.clock.set(kNow + std::chrono::hours{2});
    house.issued_by(challenged);
}

TEST(Attestation, ASecretThatIsRevokedMeanwhileIsNot) {
    Attesting house;
    const auto challenged = house.challenged_now();
    ASSERT_TRUE(house.store.revoke_secret(house.secret.secret_id, kNow, {}));
    EXPECT_EQ(code_of(house.engine->answer(challenged.request, house.secret, house.answer_to(challenged)).outcome),
              ErrorCode::conflict);
}

TEST(Attestation, WhatCannotBeRecordedIsNotChallenged) {
    Attesting house;
    house.store.fail_always(test::Verb::park, fail(ErrorCode::storage, "full"));
    EXPECT_EQ(code_of(house.engine->challenge(house.opening(house.secret)).outcome), ErrorCode::storage);
}

}  // namespace
}  // namespace sealwright::issuance
