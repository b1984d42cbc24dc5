#include "issuance/revocation.hpp"

#include "base/boundary.hpp"
#include "house.hpp"

namespace sealwright::issuance {
namespace {

using audit::EventKind;
using test::Verb;
using ::testing::ElementsAre;
using x509::RevocationReason;

struct Revoking : House {
    Revoking() : revoker(store, node, clock, log, [this] { ++changes; }), serial(issued_now().serial) {
        test::take_boundaries();
    }
    Status status() { return store.status(ca.authority.key.id(), serial).value(); }
    int changes = 0;
    Revoker revoker;
    SerialNumber serial;
};

TEST(Revoker, RevokesForGoodAndSaysSo) {
    Revoking house;
    const UtcTime earlier = kNow - std::chrono::hours{5};
    ASSERT_TRUE(house.revoker.revoke(house.serial, RevocationReason::key_compromise, kOfficer, earlier));
    const auto revocation = house.record_of(house.serial).revocation.value();
    EXPECT_EQ(revocation.reason, RevocationReason::key_compromise);
    EXPECT_EQ(revocation.at, kNow);
    EXPECT_EQ(revocation.invalidity_date, earlier);
    EXPECT_EQ(house.changes, 1);
    EXPECT_THAT(test::take_boundaries(), ElementsAre(std::string{boundary::kRevoked}));
    const auto event = house.store.events(EventKind::certificate_revoked).at(0);
    EXPECT_EQ(event.actor, "uid:1002(oscar)");
    EXPECT_EQ(event.fields.at("serial"), house.serial.hex());
    EXPECT_EQ(event.fields.at("reason"), "keyCompromise");
    EXPECT_EQ(event.fields.at("invalidity_date"), to_rfc3339(earlier));
    EXPECT_EQ(code_of(house.revoker.revoke(house.serial, RevocationReason::superseded, kOfficer)), ErrorCode::conflict);
    EXPECT_EQ(code_of(house.revoker.release(house.serial, kOfficer)), ErrorCode::conflict);
    EXPECT_EQ(house.changes, 1);
}

TEST(Revoker, HoldsAndReleases) {
    Revoking house;
    ASSERT_TRUE(house.revoker.hold(house.serial, kOfficer));
    EXPECT_EQ(std::get<StatusRevoked>(house.status()).revocation.reason, RevocationReason::certificate_hold);
    ASSERT_TRUE(house.revoker.release(house.serial, kOfficer));
    EXPECT_TRUE(std::holds_alternative<StatusGood>(house.status()));
    EXPECT_EQ(house.changes, 2);
    EXPECT_EQ(house.store.events(EventKind::certificate_held).size(), 1U);
    EXPECT_EQ(house.store.events(EventKind::certificate_released).size(), 1U);
}

TEST(Revoker, AHoldCanBecomeARevocation) {
    Revoking house;
    ASSERT_TRUE(house.revoker.hold(house.serial, kOfficer));
    house.clock.advance(std::chrono::seconds{60});
    ASSERT_TRUE(house.revoker.revoke(house.serial, RevocationReason::cessation_of_operation, kOfficer));
    EXPECT_EQ(house.record_of(house.serial).revocation->at, kNow + std::chrono::seconds{60});
    EXPECT_EQ(code_of(house.revoker.release(house.serial, kOfficer)), ErrorCode::conflict);
}

TEST(Revoker, DeniesTheReasonsThatAreNone) {
    Revoking house;
    EXPECT_EQ(code_of(house.revoker.revoke(house.serial, RevocationReason::certificate_hold, kOfficer)),
              ErrorCode::denied);
    EXPECT_EQ(code_of(house.revoker.revoke(house.serial, RevocationReason::remove_from_crl, kOfficer)),
              ErrorCode::denied);
    EXPECT_EQ(code_of(house.revoker.revoke(house.serial, RevocationReason::key_compromise, kOfficer,
                                           kNow + std::chrono::seconds{1})),
              ErrorCode::denied);
    EXPECT_TRUE(std::holds_alternative<StatusGood>(house.status()));
    EXPECT_EQ(house.changes, 0);
}

TEST(Revoker, IsForOfficersAlone) {
    Revoking house;
    for (const auto& other : {kOperator, kAuditor, policy::Principal{policy::AnonymousPrincipal{}},
                              policy::Principal{policy::CertificatePrincipal{house.serial, {}, "tls-server"}}}) {
        EXPECT_EQ(code_of(house.revoker.revoke(house.serial, RevocationReason::superseded, other)), ErrorCode::denied);
        EXPECT_EQ(code_of(house.revoker.hold(house.serial, other)), ErrorCode::denied);
        EXPECT_EQ(code_of(house.revoker.release(house.serial, other)), ErrorCode::denied);
    }
    EXPECT_EQ(house.store.events(EventKind::access_denied).size(), 12U);
    EXPECT_TRUE(std::holds_alternative<StatusGood>(house.status()));
}

TEST(Revoker, KnowsNoCertificateThatIsNone) {
    Revoking house;
    EXPECT_EQ(code_of(house.revoker.revoke(SerialNumber{std::array<std::uint8_t, 16>{1}}, RevocationReason::superseded,
                                           kOfficer)),
              ErrorCode::not_found);
}

TEST(Revoker, WhatCouldNotBeWrittenDidNotHappen) {
    Revoking house;
    house.store.fail_next(Verb::revoke, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(house.revoker.revoke(house.serial, RevocationReason::superseded, kOfficer)), ErrorCode::storage);
    EXPECT_TRUE(std::holds_alternative<StatusGood>(house.status()));
    EXPECT_EQ(house.changes, 0);
    house.store.fail_next(Verb::record, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(house.revoker.revoke(house.serial, RevocationReason::superseded, kAuditor)), ErrorCode::storage);
}

}  // namespace
}  // namespace sealwright::issuance
