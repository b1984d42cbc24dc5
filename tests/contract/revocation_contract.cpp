#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;
using x509::RevocationReason;

class Revoking : public StoreContract {
protected:
    Result<void> revoke(std::uint64_t number, UtcTime when, RevocationReason reason) {
        return store().revoke(numbered<SerialNumber>(number), {when, reason, {}},
                              event_of(EventKind::certificate_revoked));
    }
    Result<void> release(std::uint64_t number, UtcTime when) {
        return store().release(numbered<SerialNumber>(number), when, event_of(EventKind::certificate_released));
    }
    std::optional<issuance::Revocation> revocation_of(std::uint64_t number) {
        const auto status = store().status(kIssuer, numbered<SerialNumber>(number)).value();
        const auto* revoked = std::get_if<issuance::StatusRevoked>(&status);
        return revoked == nullptr ? std::nullopt : std::optional{revoked->revocation};
    }
    // publish completes a CRL of this time.
    void publish(UtcTime this_update, const KeyId& issuer = kIssuer) {
        const auto number = store().reserve_crl_number(issuer, this_update).value();
        auto intent = crl_intent_of(5000 + number + (issuer == kIssuer ? 0 : 100), number, this_update);
        intent.issuer_key = issuer;
        expect_success(store().intend_crl(intent, {}));
        expect_success(store().complete_crl(intent.id, crl_record_of(intent), {}));
    }
};
SEALWRIGHT_EACH_ADAPTER(Revoking);

TEST_P(Revoking, ChangesTheStatusFromGoodToRevoked) {
    const auto intent = issue(1);
    const auto good = store().status(kIssuer, intent.serial).value();
    ASSERT_TRUE(std::holds_alternative<issuance::StatusGood>(good));
    EXPECT_EQ(std::get<issuance::StatusGood>(good).not_after, intent.not_after);

    const issuance::Revocation revocation{at(7), RevocationReason::key_compromise, at(-100)};
    expect_success(store().revoke(intent.serial, revocation, event_of(EventKind::certificate_revoked)));
    reopen();
    const auto found = revocation_of(1);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->at, revocation.at);
    EXPECT_EQ(found->reason, revocation.reason);
    EXPECT_EQ(found->invalidity_date, revocation.invalidity_date);
    const auto record = store().certificate(intent.serial).value();
    EXPECT_EQ(record.state, issuance::CertificateState::issued);
    ASSERT_TRUE(record.revocation);
    EXPECT_EQ(record.revocation->invalidity_date, at(-100));
}

TEST_P(Revoking, KnowsNothingOfWhatWasNotIssuedByThisIssuer) {
    const auto intent = intend(1);
    const auto unknown = [&](const KeyId& issuer, const SerialNumber& serial) {
        return std::holds_alternative<issuance::StatusUnknown>(store().status(issuer, serial).value());
    };
    EXPECT_TRUE(unknown(kIssuer, intent.serial));  // intended
    expect_success(store().complete(completion_of(intent), {}));
    EXPECT_FALSE(unknown(kIssuer, intent.serial));
    EXPECT_TRUE(unknown(kOtherIssuer, intent.serial));
    EXPECT_TRUE(unknown(kIssuer, numbered<SerialNumber>(2)));
}

TEST_P(Revoking, IsDoneOnce) {
    issue(1);
    expect_success(revoke(1, at(1), RevocationReason::superseded));
    EXPECT_EQ(refused([&] { return revoke(1, at(2), RevocationReason::key_compromise); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return revoke(1, at(2), RevocationReason::certificate_hold); }), ErrorCode::conflict);
    EXPECT_EQ(revocation_of(1)->at, at(1));
}

TEST_P(Revoking, RefusesWhatIsNotIssued) {
    EXPECT_EQ(refused([&] { return revoke(9, at(1), RevocationReason::superseded); }), ErrorCode::not_found);
    const auto open = intend(1);
    EXPECT_EQ(refused([&] { return revoke(1, at(1), RevocationReason::superseded); }), ErrorCode::conflict);
    expect_success(store().settle(open.id, issuance::Settlement::abandoned, at(0), {}));
    EXPECT_EQ(refused([&] { return revoke(1, at(1), RevocationReason::superseded); }), ErrorCode::conflict);
    const auto doubtful = intend(2);
    expect_success(store().settle(doubtful.id, issuance::Settlement::indeterminate, at(0), {}));
    EXPECT_EQ(refused([&] { return revoke(2, at(1), RevocationReason::superseded); }), ErrorCode::conflict);
}

TEST_P(Revoking, RefusesReasonsThatNoCertificateCanHave) {
    issue(1);
    EXPECT_EQ(refused([&] { return revoke(1, at(1), RevocationReason::remove_from_crl); }), ErrorCode::malformed);
    EXPECT_EQ(refused([&] { return revoke(1, at(1), static_cast<RevocationReason>(7)); }), ErrorCode::malformed);
    EXPECT_EQ(refused([&] { return revoke(1, at(1), static_cast<RevocationReason>(11)); }), ErrorCode::malformed);
    expect_success(revoke(1, at(1), RevocationReason::aa_compromise));
}

TEST_P(Revoking, HoldsAndReleases) {
    issue(1);
    EXPECT_EQ(refused([&] { return release(1, at(0)); }), ErrorCode::conflict);
    expect_success(revoke(1, at(1), RevocationReason::certificate_hold));
    EXPECT_EQ(revoked(at(1)), std::vector{numbered<SerialNumber>(1)});
    EXPECT_EQ(refused([&] { return revoke(1, at(2), RevocationReason::certificate_hold); }), ErrorCode::conflict);
    expect_success(release(1, at(3)));
    reopen();
    EXPECT_FALSE(revocation_of(1));
    EXPECT_TRUE(revoked(at(3)).empty());
    EXPECT_EQ(refused([&] { return release(1, at(4)); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return release(9, at(4)); }), ErrorCode::not_found);
}

TEST_P(Revoking, TurnsAHoldIntoARevocationOfTheNewDate) {
    issue(1);
    expect_success(revoke(1, at(1), RevocationReason::certificate_hold));
    expect_success(revoke(1, at(5), RevocationReason::key_compromise));
    EXPECT_EQ(revocation_of(1)->at, at(5));
    EXPECT_EQ(revocation_of(1)->reason, RevocationReason::key_compromise);
    EXPECT_EQ(refused([&] { return release(1, at(6)); }), ErrorCode::conflict);
}

TEST_P(Revoking, ListsInOrderOfSerialWithAllOfTheEntry) {
    for (const std::uint64_t number : {4U, 2U, 3U, 1U}) issue(number);
    auto foreign = intent_of(5);
    foreign.issuer_key = kOtherIssuer;
    issue(foreign);
    expect_success(revoke(4, at(1), RevocationReason::superseded));
    expect_success(revoke(5, at(1), RevocationReason::superseded));
    expect_success(revoke(3, at(2), RevocationReason::certificate_hold));
    expect_success(store().revoke(numbered<SerialNumber>(1), {at(3), RevocationReason::key_compromise, at(-7)}, {}));

    std::vector<x509::CrlEntry> entries;
    expect_success(
        store().for_each_revoked(kIssuer, at(3), [&](const x509::CrlEntry& entry) { entries.push_back(entry); }));
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].serial, numbered<SerialNumber>(1));
    EXPECT_EQ(entries[0].revoked_at, at(3));
    EXPECT_EQ(entries[0].reason, RevocationReason::key_compromise);
    EXPECT_EQ(entries[0].invalidity_date, at(-7));
    EXPECT_EQ(entries[1].serial, numbered<SerialNumber>(3));
    EXPECT_EQ(entries[1].reason, RevocationReason::certificate_hold);
    EXPECT_FALSE(entries[1].invalidity_date);
    EXPECT_EQ(entries[2].serial, numbered<SerialNumber>(4));
    EXPECT_EQ(revoked(at(3), kOtherIssuer), std::vector{numbered<SerialNumber>(5)});
}

TEST_P(Revoking, KeepsListingUntilACrlAfterTheExpiryHasCarriedIt) {
    auto intent = intent_of(1);
    intent.not_after = at(10000);
    issue(intent);
    expect_success(revoke(1, at(1), RevocationReason::superseded));
    const std::vector listed{intent.serial};
    EXPECT_EQ(revoked(at(20000)), listed);  // expired, and no CRL has carried it since
    publish(at(10000));                     // still valid in this second
    EXPECT_EQ(revoked(at(20000)), listed);
    publish(at(10001), kOtherIssuer);  // another issuer's CRL says nothing
    EXPECT_EQ(revoked(at(20000)), listed);
    publish(at(10001));  // issued after its expiry, and it was on it
    EXPECT_TRUE(revoked(at(20000)).empty());
    // It is still known to be revoked.
    EXPECT_TRUE(revocation_of(1));
}

TEST_P(Revoking, ListsWhatWasRevokedAfterItsExpiryAtLeastOnce) {
    auto intent = intent_of(1);
    intent.not_after = at(1000);
    issue(intent);
    publish(at(5000));
    expect_success(revoke(1, at(5001), RevocationReason::key_compromise));
    EXPECT_EQ(revoked(at(5002)), std::vector{intent.serial});
    publish(at(5002));
    publish(at(5001 + 86400));
    EXPECT_TRUE(revoked(at(5002 + 86400)).empty());
}

TEST_P(Revoking, TellsWhatChangedSince) {
    issue(1);
    issue(2);
    const auto start = store().changed_since(0).value();
    EXPECT_TRUE(start.serials.empty());
    EXPECT_FALSE(start.overflow);
    expect_success(revoke(1, at(1), RevocationReason::certificate_hold));
    expect_success(revoke(2, at(1), RevocationReason::superseded));
    expect_success(release(1, at(2)));
    const auto all = store().changed_since(start.counter).value();
    EXPECT_EQ(all.serials,
              (std::vector{numbered<SerialNumber>(1), numbered<SerialNumber>(2), numbered<SerialNumber>(1)}));
    EXPECT_FALSE(all.overflow);
    reopen();
    EXPECT_TRUE(store().changed_since(all.counter).value().serials.empty());
    EXPECT_EQ(store().changed_since(all.counter).value().counter, all.counter);
    EXPECT_EQ(store().changed_since(all.counter - 1).value().serials, std::vector{numbered<SerialNumber>(1)});
}

TEST_P(Revoking, SaysWhenItHasForgottenWhatChanged) {
    issue(1);
    const auto start = store().changed_since(0).value().counter;
    for (std::uint64_t i = 0; i < kChangesKept / 2; ++i) {
        expect_success(revoke(1, at(1), RevocationReason::certificate_hold));
        expect_success(release(1, at(1)));
    }
    EXPECT_FALSE(store().changed_since(start).value().overflow);
    EXPECT_EQ(store().changed_since(start).value().serials.size(), kChangesKept);
    expect_success(revoke(1, at(1), RevocationReason::certificate_hold));
    const auto pruned = store().changed_since(start).value();
    EXPECT_TRUE(pruned.overflow);
    EXPECT_FALSE(store().changed_since(start + 1).value().overflow);
    // A counter from the future is of another store.
    EXPECT_TRUE(store().changed_since(pruned.counter + 1).value().overflow);
}

}  // namespace
}  // namespace sealwright::contract
