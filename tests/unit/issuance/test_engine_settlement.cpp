// After a restart: open intents of older boots, judged by the signer's journal.
#include "house.hpp"

namespace sealwright::issuance {
namespace {

using audit::EventKind;
using test::Verb;

// Leftover is a store with one open intent of an older boot, as a crash between intent and completion leaves it.
struct Leftover : House {
    explicit Leftover(Node of = {node_id(7), BootEpoch{2}}, std::chrono::seconds lease = std::chrono::hours{10}) {
        Intent intent;
        intent.id = crypto::random_id<IntentId>(random);
        intent.request = crypto::random_id<RequestId>(random);
        intent.node = of;
        intent.lease_until = kNow + lease;
        intent.serial = crypto::random_serial(random);
        intent.issuer_key = ca.authority.key.id();
        intent.now = kNow;
        id = intent.id;
        EXPECT_TRUE(store.intend(intent, {}));
    }
    IntentId id;
};

struct Verdict {
    std::string name;
    hsm::JournalState journal;
    CertificateState certificate;
};
class Settling : public ::testing::TestWithParam<Verdict> {};

TEST_P(Settling, AnIntentOfAnOlderBootGoesByTheFencedJournal) {
    Leftover house;
    if (GetParam().journal != hsm::JournalState::never_seen) house.ca.signer.set_journal(house.id, GetParam().journal);
    const auto settled = house.engine->settle_open_intents(house.ca.signer).value();
    const bool abandoned = GetParam().certificate == CertificateState::abandoned;
    EXPECT_EQ(settled.abandoned, abandoned ? 1U : 0U);
    EXPECT_EQ(settled.indeterminate, abandoned ? 0U : 1U);
    EXPECT_EQ(house.only_certificate().state, GetParam().certificate);
    EXPECT_EQ(house.only_certificate().revocation.has_value(), !abandoned);
    EXPECT_EQ(house.only_request().state, abandoned ? RequestState::refused : RequestState::indeterminate);
    EXPECT_TRUE(house.store.all_open_intents().empty());
    const auto events =
        house.store.events(abandoned ? EventKind::certificate_abandoned : EventKind::certificate_indeterminate);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].fields.at("intent_epoch"), "2");
    EXPECT_EQ(events[0].fields.at("intent"), house.id.hex());
    // A second time there is nothing left to do.
    const auto again = house.engine->settle_open_intents(house.ca.signer).value();
    EXPECT_EQ(again.abandoned + again.indeterminate, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Journal, Settling,
    ::testing::Values(Verdict{"NeverSeen", hsm::JournalState::never_seen, CertificateState::abandoned},
                      Verdict{"Failed", hsm::JournalState::failed, CertificateState::abandoned},
                      Verdict{"Signed", hsm::JournalState::signed_, CertificateState::indeterminate},
                      Verdict{"MayHaveSigned", hsm::JournalState::may_have_signed, CertificateState::indeterminate}),
    [](const auto& verdict) { return verdict.param.name; });

TEST(Settlement, AnIntentOfThisBootIsLeftAloneWhileItsLeaseHolds) {
    Leftover house{{node_id(7), BootEpoch{3}}, std::chrono::seconds{30}};
    const auto settled = house.engine->settle_open_intents(house.ca.signer).value();
    EXPECT_EQ(settled.abandoned + settled.indeterminate, 0U);
    EXPECT_EQ(house.only_certificate().state, CertificateState::intended);
}

TEST(Settlement, NeverSeenIsNotFinalForThisBoot) {
    Leftover house{{node_id(7), BootEpoch{3}}, std::chrono::seconds{30}};
    house.clock.advance(std::chrono::seconds{30});
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().indeterminate, 1U);
}

TEST(Settlement, FailedIsFinalForThisBootToo) {
    Leftover house{{node_id(7), BootEpoch{3}}, std::chrono::seconds{30}};
    house.ca.signer.set_journal(house.id, hsm::JournalState::failed);
    house.clock.advance(std::chrono::seconds{30});
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().abandoned, 1U);
}

TEST(Settlement, NeverSeenIsNotFinalForAnotherNode) {
    Leftover house{{node_id(8), BootEpoch{1}}, std::chrono::seconds{30}};
    const auto early = house.engine->settle_open_intents(house.ca.signer).value();
    EXPECT_EQ(early.abandoned + early.indeterminate, 0U);
    house.clock.advance(std::chrono::seconds{30});
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().indeterminate, 1U);
}

TEST(Settlement, WithoutTheJournalNothingIsSettled) {
    Leftover house;
    house.ca.signer.fail_journal(fail(ErrorCode::unavailable, "the signer is down"));
    EXPECT_EQ(code_of(house.engine->settle_open_intents(house.ca.signer)), ErrorCode::unavailable);
    EXPECT_EQ(house.only_certificate().state, CertificateState::intended);
    house.ca.signer.fail_journal({});
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().abandoned, 1U);
}

TEST(Settlement, AStoreThatCannotSettleSaysSoAndLosesNothing) {
    Leftover house;
    house.store.fail_next(Verb::settle, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(house.engine->settle_open_intents(house.ca.signer)), ErrorCode::storage);
    EXPECT_EQ(house.engine->settle_open_intents(house.ca.signer).value().abandoned, 1U);
}

TEST(Settlement, OneThatAnotherSettledFirstIsNotCounted) {
    Leftover house;
    house.store.fail_next(Verb::settle, fail(ErrorCode::conflict, "settled already"));
    const auto settled = house.engine->settle_open_intents(house.ca.signer).value();
    EXPECT_EQ(settled.abandoned + settled.indeterminate, 0U);
}

}  // namespace
}  // namespace sealwright::issuance
