#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;

// A clock that went back by more than the tolerance (5 s) stops every verb that changes something.
class ClockRule : public StoreContract {};
SEALWRIGHT_EACH_ADAPTER(ClockRule);

TEST_P(ClockRule, AllowsTheTolerance) {
    expect_success(store().record(event_of(EventKind::profile_loaded), at(1000)));
    expect_success(store().record(event_of(EventKind::profile_loaded), at(995)));
    EXPECT_EQ(refused([&] { return store().record(event_of(EventKind::profile_loaded), at(994)); }), ErrorCode::clock);
    expect_success(store().record(event_of(EventKind::profile_loaded), at(995)));
}

TEST_P(ClockRule, RemembersAcrossRestarts) {
    expect_success(store().record({}, at(1000)));
    reopen();
    EXPECT_EQ(refused([&] { return store().record({}, at(994)); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().open_epoch(kNode.id, at(994), {}); }), ErrorCode::clock);
    EXPECT_EQ(store().open_epoch(kNode.id, at(1000), {}).value(), BootEpoch{1});
}

TEST_P(ClockRule, HoldsForEachVerb) {
    const auto issued = issue(1, at(990));
    const auto open = intend(2, at(990));
    expect_success(store().park(pending_of(3, at(990)), {}));
    const auto secret = secret_of(1, at(990));
    expect_success(store().create_secret(secret, at(990), {}));
    const auto number = store().reserve_crl_number(kIssuer, at(990)).value();
    const auto crl = crl_intent_of(9, number, at(990));
    expect_success(store().intend_crl(crl, {}));
    expect_success(store().record({}, at(1000)));

    const UtcTime back = at(994);
    EXPECT_EQ(refused([&] { return store().open_epoch(kNode.id, back, {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().intend(intent_of(4, back), {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().complete(completion_of(open, back), {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().refuse(refusal_of(5, back), {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().park(pending_of(6, back), {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().approve(numbered<RequestId>(3), "ann", back, {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().record({}, back); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().settle(open.id, issuance::Settlement::abandoned, back, {}); }),
              ErrorCode::clock);
    EXPECT_EQ(refused([&] {
                  return store().revoke(issued.serial, {back, x509::RevocationReason::superseded, {}}, {});
              }),
              ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().release(issued.serial, back, {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().reserve_crl_number(kIssuer, back); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(10, number, back), {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().abandon_crl(crl.id, back, {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().create_secret(secret_of(2), back, {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().revoke_secret(secret.id, back, {}); }), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return store().probe(back); }), ErrorCode::clock);
    EXPECT_TRUE(store().healthy());

    // Nothing of it was done: with the right time all of it can be done.
    expect_success(store().complete(completion_of(open, at(1000)), {}));
    expect_success(store().revoke_secret(secret.id, at(1000), {}));
    expect_success(store().abandon_crl(crl.id, at(1000), {}));
    EXPECT_EQ(store().reserve_crl_number(kIssuer, at(1000)).value(), number + 1);
    EXPECT_EQ(store().approve(numbered<RequestId>(3), "ann", at(1000), {}).value(), 1U);
}

TEST_P(ClockRule, IsNotMovedByARefusal) {
    intend(1, at(0));
    EXPECT_EQ(refused([&] { return store().intend(intent_of(1, at(5000)), {}); }), ErrorCode::already_exists);
    expect_success(store().record({}, at(0)));
}

TEST_P(ClockRule, DoesNotStopReading) {
    const auto intent = issue(1, at(1000));
    EXPECT_TRUE(store().certificate(intent.serial));
    EXPECT_TRUE(store().open_intents(kNode, at(0)));
    EXPECT_TRUE(store().for_each_revoked(kIssuer, at(0), [](const x509::CrlEntry&) {}));
}

}  // namespace
}  // namespace sealwright::contract
