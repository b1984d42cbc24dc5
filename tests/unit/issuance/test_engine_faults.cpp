// A failure injected at every step: what the requester is told, what the records hold, and that nothing unrecorded was
// signed or left.
#include "base/boundary.hpp"
#include "house.hpp"
#include "issuance/issuer.hpp"

namespace sealwright::issuance {
namespace {

using audit::EventKind;
using test::Tamper;
using test::Verb;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct SignerFault {
    std::string name;
    ErrorCode from_signer;
    ErrorCode to_requester;
    CertificateState certificate;
    RequestState request;
};

class SignerFails : public ::testing::TestWithParam<SignerFault> {};

TEST_P(SignerFails, TheIntentIsSettledAtOnce) {
    House house;
    const auto& fault = GetParam();
    const auto made = house.ca.signer.signatures_made();
    house.ca.signer.fail_next(fail(fault.from_signer, "signer says no", "CKR_SOMETHING"));
    const auto outcome = house.engine->issue(house.good_request());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), fault.to_requester);
    EXPECT_EQ(outcome.error().public_detail().find("CKR_"), std::string::npos);
    EXPECT_EQ(house.ca.signer.signatures_made(), made);

    const auto certificate = house.only_certificate();
    EXPECT_EQ(certificate.state, fault.certificate);
    EXPECT_TRUE(certificate.certificate.empty());
    EXPECT_EQ(certificate.revocation.has_value(), fault.certificate == CertificateState::indeterminate);
    EXPECT_EQ(house.only_request().state, fault.request);
    EXPECT_TRUE(house.store.all_open_intents().empty());

    const bool indeterminate = fault.certificate == CertificateState::indeterminate;
    EXPECT_THAT(
        kinds(house.store.events()),
        ElementsAre("certificate.intended", indeterminate ? "certificate.indeterminate" : "certificate.abandoned"));
    const auto settled =
        house.store.events(indeterminate ? EventKind::certificate_indeterminate : EventKind::certificate_abandoned)
            .at(0);
    EXPECT_EQ(settled.fields.at("serial"), certificate.serial.hex());
    EXPECT_EQ(settled.fields.at("why"), "signer: " + std::string{error_code_name(fault.from_signer)});

    // The next request is not touched by it.
    EXPECT_TRUE(house.engine->issue(house.good_request()));
}

constexpr auto kAbandoned = CertificateState::abandoned;
constexpr auto kIndeterminate = CertificateState::indeterminate;
INSTANTIATE_TEST_SUITE_P(
    Codes, SignerFails,
    ::testing::Values(
        SignerFault{"Unavailable", ErrorCode::unavailable, ErrorCode::unavailable, kAbandoned, RequestState::refused},
        SignerFault{"Overloaded", ErrorCode::overloaded, ErrorCode::unavailable, kAbandoned, RequestState::refused},
        SignerFault{"TokenError", ErrorCode::token, ErrorCode::unavailable, kAbandoned, RequestState::refused},
        SignerFault{"BeyondItsLimits", ErrorCode::denied, ErrorCode::denied, kAbandoned, RequestState::refused},
        SignerFault{"WithoutTheKey", ErrorCode::not_found, ErrorCode::internal, kAbandoned, RequestState::refused},
        SignerFault{"UnableToReadTheTbs", ErrorCode::malformed, ErrorCode::internal, kAbandoned, RequestState::refused},
        SignerFault{"WithoutTheAlgorithm", ErrorCode::unsupported, ErrorCode::internal, kAbandoned,
                    RequestState::refused},
        SignerFault{"TooLargeATbs", ErrorCode::too_large, ErrorCode::internal, kAbandoned, RequestState::refused},
        SignerFault{"UnableToJournal", ErrorCode::storage, ErrorCode::unavailable, kAbandoned, RequestState::refused},
        SignerFault{"WhoseClockWentBack", ErrorCode::clock, ErrorCode::unavailable, kAbandoned, RequestState::refused},
        SignerFault{"TooLate", ErrorCode::timed_out, ErrorCode::indeterminate, kIndeterminate,
                    RequestState::indeterminate},
        SignerFault{"Indeterminate", ErrorCode::indeterminate, ErrorCode::indeterminate, kIndeterminate,
                    RequestState::indeterminate},
        SignerFault{"AUsedIntent", ErrorCode::conflict, ErrorCode::indeterminate, kIndeterminate,
                    RequestState::indeterminate},
        SignerFault{"SomethingUnheardOf", ErrorCode::io, ErrorCode::indeterminate, kIndeterminate,
                    RequestState::indeterminate}),
    [](const auto& fault) { return fault.param.name; });

TEST(EngineFaults, ASignatureWhoseAnswerWasLostIsIndeterminate) {
    House house;
    house.ca.signer.fail_next(fail(ErrorCode::timed_out, "too late"), true);
    const auto made = house.ca.signer.signatures_made();
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::indeterminate);
    EXPECT_EQ(house.ca.signer.signatures_made(), made + 1);
    EXPECT_EQ(house.only_certificate().state, CertificateState::indeterminate);
    // Signatures counted are records: the one that was made is there, revoked.
    EXPECT_TRUE(house.only_certificate().revocation);
}

class SignerLies : public ::testing::TestWithParam<std::pair<std::string, Tamper>> {};

TEST_P(SignerLies, NothingLeavesAndTheSerialIsRevoked) {
    House house;
    house.ca.signer.tamper(GetParam().second);
    const auto outcome = house.engine->issue(house.good_request());
    EXPECT_EQ(code_of(outcome), ErrorCode::indeterminate);
    const auto certificate = house.only_certificate();
    EXPECT_EQ(certificate.state, CertificateState::indeterminate);
    EXPECT_TRUE(certificate.certificate.empty());
    EXPECT_TRUE(certificate.revocation);
    EXPECT_THAT(kinds(house.store.events()), ElementsAre("certificate.intended", "certificate.indeterminate"));
    bool security = false;
    for (const auto& line : house.log.lines())
        security = security || (line.room == "security" && line.level == LogLevel::error);
    EXPECT_TRUE(security);
    EXPECT_THAT(test::take_boundaries(), ::testing::Not(Contains(std::string{boundary::kAssembled})));

    house.ca.signer.tamper(Tamper::none);
    EXPECT_TRUE(house.engine->issue(house.good_request()));
}

INSTANTIATE_TEST_SUITE_P(Ways, SignerLies,
                         ::testing::Values(std::pair{std::string{"OneBit"}, Tamper::flip_bit},
                                           std::pair{std::string{"Truncated"}, Tamper::truncate},
                                           std::pair{std::string{"Nothing"}, Tamper::empty},
                                           std::pair{std::string{"AnotherKey"}, Tamper::other_key},
                                           std::pair{std::string{"AnotherTbs"}, Tamper::changed_tbs}),
                         [](const auto& way) { return way.param.first; });

TEST(EngineFaults, AStoreThatCannotIntendStopsIssuanceBeforeTheSignature) {
    House house;
    house.store.fail_always(Verb::intend, fail(ErrorCode::storage, "the disk is full", "ENOSPC"));
    const auto calls = house.ca.signer.calls().size();
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::storage);
    EXPECT_EQ(house.ca.signer.calls().size(), calls);
    EXPECT_TRUE(house.store.events().empty());
    EXPECT_TRUE(house.store.requests({}, 10).value().empty());
}

TEST(EngineFaults, ACertificateThatCannotBeCompletedDoesNotLeave) {
    House house;
    house.store.fail_next(Verb::complete, fail(ErrorCode::storage, "the disk is full"));
    const auto outcome = house.engine->issue(house.good_request());
    EXPECT_EQ(code_of(outcome), ErrorCode::storage);
    EXPECT_THAT(outcome.error().public_detail(), HasSubstr("not issued"));
    EXPECT_EQ(house.only_certificate().state, CertificateState::intended);
    EXPECT_EQ(house.store.all_open_intents().size(), 1U);

    // Once the lease is over, the journal says that it was signed: the serial is revoked.
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().indeterminate, 0U);
    house.clock.advance(std::chrono::seconds{31});
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().indeterminate, 1U);
    EXPECT_EQ(house.only_certificate().state, CertificateState::indeterminate);
    EXPECT_TRUE(house.only_certificate().revocation);
    EXPECT_EQ(house.only_request().state, RequestState::indeterminate);
}

TEST(EngineFaults, ACompletionThatComesAfterItsLeaseDoesNotLeave) {
    House house;
    house.ca.signer.before_sign([&](const hsm::SignRequest&) { house.clock.advance(std::chrono::seconds{31}); });
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::indeterminate);
    EXPECT_EQ(house.only_certificate().state, CertificateState::intended);
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().indeterminate, 1U);
}

TEST(EngineFaults, AnIntentThatWasSettledMeanwhileIsNotCompleted) {
    House house;
    house.ca.signer.before_sign([&](const hsm::SignRequest& request) {
        EXPECT_TRUE(house.store.settle(request.intent, Settlement::indeterminate, house.clock.now(), {}));
    });
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::indeterminate);
    EXPECT_TRUE(house.only_certificate().certificate.empty());
    EXPECT_EQ(house.only_certificate().state, CertificateState::indeterminate);
}

TEST(EngineFaults, ALeaseThatIsOverBeforeTheTokenIsAskedIsAbandoned) {
    House house;
    test::on_boundary([&](std::string_view name) {
        if (name == boundary::kIntended) house.clock.advance(std::chrono::seconds{30});
    });
    const auto calls = house.ca.signer.calls().size();
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::unavailable);
    test::on_boundary({});
    EXPECT_EQ(house.ca.signer.calls().size(), calls);
    EXPECT_EQ(house.only_certificate().state, CertificateState::abandoned);
}

TEST(EngineFaults, ARefusalThatCannotBeRecordedIsAStorageError) {
    House house;
    house.store.fail_next(Verb::refuse, fail(ErrorCode::storage, "the disk is full"));
    auto request = house.good_request();
    request.profile = "nowhere";
    EXPECT_EQ(code_of(house.engine->issue(std::move(request))), ErrorCode::storage);
}

TEST(EngineFaults, AnAbandonedIntentThatCouldNotBeSettledIsSettledLater) {
    House house;
    house.ca.signer.fail_next(fail(ErrorCode::unavailable, "down"));
    house.store.fail_next(Verb::settle, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::unavailable);
    EXPECT_EQ(house.store.all_open_intents().size(), 1U);
    house.clock.advance(std::chrono::seconds{31});
    // The journal has never seen it, which says nothing of this boot's intents; the engine itself knows.
    const auto settled = house.engine->settle_open_intents(house.ca.signer).value();
    EXPECT_EQ(settled.abandoned, 1U);
    EXPECT_EQ(settled.indeterminate, 0U);
    EXPECT_FALSE(house.only_certificate().revocation);
}

TEST(EngineFaults, ASignerThatIsDownUsesUpNeitherSerialNorSecret) {
    House house;
    bool ready = false;
    house.signer_ready = [&] { return ready; };
    house.rebuild();
    const auto secret = house.make_secret();
    const auto outcome = house.engine->issue(house.good_request(secret));
    EXPECT_EQ(code_of(outcome), ErrorCode::unavailable);
    EXPECT_EQ(house.only_request().state, RequestState::refused);
    EXPECT_TRUE(house.store.certificates({}).value().empty());
    EXPECT_FALSE(house.store.secrets().value().at(0).used_at);
    ready = true;
    EXPECT_TRUE(house.engine->issue(house.good_request(secret)));
}

TEST(EngineFaults, AStoreWhoseQueueIsFullRefusesForNowAndStopsNothing) {
    House house;
    const auto calls = house.ca.signer.calls().size();
    house.store.fail_next(Verb::intend, fail(ErrorCode::overloaded, "the queue is full"));
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::overloaded);
    EXPECT_EQ(house.store.calls(Verb::refuse), 0U);
    house.store.fail_next(Verb::refuse, fail(ErrorCode::overloaded, "the queue is full"));
    auto request = house.good_request();
    request.profile = "nowhere";
    EXPECT_EQ(code_of(house.engine->issue(std::move(request))), ErrorCode::overloaded);
    EXPECT_EQ(house.ca.signer.calls().size(), calls);
    EXPECT_TRUE(house.engine->issue(house.good_request()));
}

// What the gate does.

TEST(EngineGate, AfterAStorageErrorNothingIsBegunUntilAWriteSucceeds) {
    House house;
    house.store.fail_next(Verb::intend, fail(ErrorCode::storage, "the disk is full", "ENOSPC"));
    house.store.fail_always(Verb::probe, fail(ErrorCode::storage, "the disk is full", "ENOSPC"));
    ASSERT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::storage);

    const auto calls = house.ca.signer.calls().size();
    for (int i = 0; i < 5; ++i) {
        const auto refused = house.engine->issue(house.good_request());
        EXPECT_EQ(code_of(refused), ErrorCode::unavailable);
        EXPECT_THAT(refused.error().public_detail(), HasSubstr("cannot write"));
    }
    EXPECT_EQ(house.store.calls(Verb::probe), 0U);  // not within the same second
    house.clock.advance(std::chrono::seconds{1});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::unavailable);
    EXPECT_EQ(house.store.calls(Verb::probe), 1U);
    EXPECT_EQ(house.ca.signer.calls().size(), calls);
    EXPECT_TRUE(house.store.events().empty());

    house.store.heal();
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::unavailable);  // still the same second
    house.clock.advance(std::chrono::seconds{1});
    EXPECT_TRUE(house.engine->issue(house.good_request()));
    EXPECT_THAT(kinds(house.store.events()),
                ElementsAre("issuance.stopped", "issuance.resumed", "certificate.intended", "certificate.issued"));
    const auto stopped = house.store.events(EventKind::issuance_stopped).at(0);
    EXPECT_EQ(stopped.fields.at("since"), to_rfc3339(kNow));
    EXPECT_EQ(stopped.fields.at("code"), "storage");
}

TEST(EngineGate, AClockThatWentBackStopsIssuanceUntilItIsRight) {
    House house;
    house.issued_now();
    house.clock.set(kNow - std::chrono::hours{1});
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::clock);
    house.clock.advance(std::chrono::seconds{1});
    const auto refused = house.engine->issue(house.good_request());
    EXPECT_EQ(code_of(refused), ErrorCode::unavailable);
    EXPECT_THAT(refused.error().public_detail(), HasSubstr("clock"));

    house.clock.set(kNow + std::chrono::seconds{10});
    EXPECT_TRUE(house.engine->issue(house.good_request()));
    EXPECT_THAT(kinds(house.store.events()),
                ElementsAre("certificate.intended", "certificate.issued", "clock.stopped", "issuance.resumed",
                            "certificate.intended", "certificate.issued"));
}

TEST(EngineGate, StaysClosedWhenResumingCannotBeRecorded) {
    House house;
    house.store.fail_next(Verb::complete, fail(ErrorCode::storage, "the disk is full"));
    ASSERT_FALSE(house.engine->issue(house.good_request()));
    house.clock.advance(std::chrono::seconds{1});
    house.store.fail_next(Verb::record, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::unavailable);
    house.clock.advance(std::chrono::seconds{1});
    EXPECT_TRUE(house.engine->issue(house.good_request()));
}

TEST(EngineGate, ARequestThatIsAtFaultDoesNotCloseIt) {
    House house;
    auto request = house.good_request();
    request.profile = "nowhere";
    ASSERT_FALSE(house.engine->issue(std::move(request)));
    EXPECT_TRUE(house.engine->issue(house.good_request()));
    EXPECT_EQ(house.store.calls(Verb::probe), 0U);
}

// The issuer alone: a receipt for one TBS signs no other.

TEST(Issuer, SignsNothingThatItsReceiptIsNotFor) {
    House house;
    std::vector<LintedTbs> tbs;
    std::optional<IntentReceipt> receipt;
    for (std::uint8_t i = 0; i < 2; ++i) {
        const auto csr = house.csr();
        const auto requested = profile::requested_content(csr).value();
        const auto context = profile::issuer_context(house.ca.authority.certificate,
                                                     crypto::default_algorithm(house.ca.authority.key.type()))
                                 .value();
        const auto fields = profile::build_template({.profile = *house.profiles.at("tls-server"),
                                                     .requested = requested,
                                                     .subject_key = csr.public_key,
                                                     .authorised_names = {},
                                                     .issuer = context,
                                                     .serial = crypto::random_serial(house.random),
                                                     .now = kNow})
                                .value();
        tbs.push_back(LintedTbs::lint(fields, &house.ca.authority.certificate).value());
    }
    Intent intent;
    intent.id = crypto::random_id<IntentId>(house.random);
    intent.node = house.node;
    intent.lease_until = kNow + std::chrono::seconds{30};
    intent.serial = tbs[0].serial();
    intent.tbs_digest = tbs[0].digest();
    intent.now = kNow;
    receipt = house.store.intend(intent, {}).value();

    const Issuer issuer{house.ca.authority.key, house.ca.signer};
    const auto calls = house.ca.signer.calls().size();
    const auto outcome = issuer.sign(std::move(tbs[1]), std::move(*receipt), kNow);
    ASSERT_TRUE(std::holds_alternative<SigningFailure>(outcome));
    EXPECT_EQ(std::get<SigningFailure>(outcome).settlement, Settlement::abandoned);
    EXPECT_EQ(std::get<SigningFailure>(outcome).why.code(), ErrorCode::internal);
    EXPECT_EQ(house.ca.signer.calls().size(), calls);

    intent.id = crypto::random_id<IntentId>(house.random);
    intent.request = crypto::random_id<RequestId>(house.random);
    intent.serial = crypto::random_serial(house.random);
    auto wrong_serial = house.store.intend(intent, {}).value();
    const auto second = issuer.sign(std::move(tbs[0]), std::move(wrong_serial), kNow);
    EXPECT_TRUE(std::holds_alternative<SigningFailure>(second));
    EXPECT_EQ(house.ca.signer.calls().size(), calls);
}

}  // namespace
}  // namespace sealwright::issuance
