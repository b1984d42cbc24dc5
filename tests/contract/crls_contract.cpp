#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;

class Crls : public StoreContract {
protected:
    std::uint64_t reserve(const KeyId& issuer = kIssuer, UtcTime now = at(0)) {
        return store().reserve_crl_number(issuer, now).value();
    }
};
SEALWRIGHT_EACH_ADAPTER(Crls);

TEST_P(Crls, HaveNumbersThatOnlyGrow) {
    EXPECT_EQ(reserve(), 1U);
    EXPECT_EQ(reserve(), 2U);
    EXPECT_EQ(reserve(kOtherIssuer), 1U);
    reopen();
    EXPECT_EQ(reserve(), 3U);
    EXPECT_EQ(reserve(kOtherIssuer), 2U);
}

TEST_P(Crls, AreIntendedThenCompleted) {
    EXPECT_FALSE(store().latest_crl(kIssuer).value());
    const auto intent = crl_intent_of(1, reserve(), at(9));
    expect_success(store().intend_crl(intent, event_of(EventKind::crl_intended)));
    EXPECT_FALSE(store().latest_crl(kIssuer).value());
    const auto record = crl_record_of(intent);
    expect_success(store().complete_crl(intent.id, record, event_of(EventKind::crl_issued)));
    reopen();
    const auto latest = store().latest_crl(kIssuer).value();
    ASSERT_TRUE(latest);
    EXPECT_EQ(latest->number, record.number);
    EXPECT_EQ(latest->issuer_key, kIssuer);
    EXPECT_EQ(latest->this_update, record.this_update);
    EXPECT_EQ(latest->next_update, record.next_update);
    EXPECT_EQ(latest->entries, record.entries);
    EXPECT_EQ(latest->der, record.der);
    EXPECT_FALSE(store().latest_crl(kOtherIssuer).value());
    EXPECT_EQ(store().audit_head().value().size, 2U);
}

TEST_P(Crls, AreRefusedUnderANumberThatIsNotReserved) {
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(1, 1), event_of(EventKind::crl_intended)); }),
              ErrorCode::conflict);
    const auto number = reserve();
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(1, number + 1), {}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(1, 0), {}); }), ErrorCode::conflict);
    expect_success(store().intend_crl(crl_intent_of(1, number), {}));
}

TEST_P(Crls, NeverUseANumberAgainNorALowerOne) {
    const auto first = reserve(), second = reserve(), third = reserve();
    expect_success(store().intend_crl(crl_intent_of(1, second), {}));
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(2, second), {}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(2, first), {}); }), ErrorCode::conflict);
    expect_success(store().abandon_crl(numbered<IntentId>(1), at(0), {}));
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(2, second), {}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().intend_crl(crl_intent_of(1, third), {}); }),
              ErrorCode::conflict);  // the intent is known
    expect_success(store().intend_crl(crl_intent_of(2, third), {}));
}

TEST_P(Crls, AreCompletedOnceAndAsIntended) {
    const auto intent = crl_intent_of(1, reserve());
    expect_success(store().intend_crl(intent, {}));
    const auto good = crl_record_of(intent);
    auto wrong = good;
    wrong.number = 2;
    EXPECT_EQ(refused([&] { return store().complete_crl(intent.id, wrong, {}); }), ErrorCode::conflict);
    wrong = good;
    wrong.issuer_key = kOtherIssuer;
    EXPECT_EQ(refused([&] { return store().complete_crl(intent.id, wrong, {}); }), ErrorCode::conflict);
    wrong = good;
    wrong.der.clear();
    EXPECT_EQ(refused([&] { return store().complete_crl(intent.id, wrong, {}); }), ErrorCode::malformed);
    EXPECT_EQ(refused([&] { return store().complete_crl(numbered<IntentId>(2), good, {}); }), ErrorCode::conflict);
    expect_success(store().complete_crl(intent.id, good, {}));
    EXPECT_EQ(refused([&] { return store().complete_crl(intent.id, good, {}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().abandon_crl(intent.id, at(0), {}); }), ErrorCode::conflict);
}

TEST_P(Crls, AreAbandonedOnce) {
    const auto intent = crl_intent_of(1, reserve());
    expect_success(store().intend_crl(intent, {}));
    expect_success(store().abandon_crl(intent.id, at(1), event_of(EventKind::crl_abandoned)));
    EXPECT_EQ(refused([&] { return store().abandon_crl(intent.id, at(1), {}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().complete_crl(intent.id, crl_record_of(intent), {}); }), ErrorCode::conflict);
    EXPECT_FALSE(store().latest_crl(kIssuer).value());
}

TEST_P(Crls, OfOlderBootsAreListedWhileOpen) {
    const auto intent = crl_intent_of(1, reserve(), at(2));
    expect_success(store().intend_crl(intent, {}));
    const auto open = [&](std::uint64_t node, std::uint64_t epoch) {
        return store().open_crl_intents({numbered<NodeId>(node), BootEpoch{epoch}}, at(1000)).value();
    };
    EXPECT_TRUE(open(1, 1).empty());
    EXPECT_TRUE(open(2, 9).empty());
    const auto listed = open(1, 2);
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].id, intent.id);
    EXPECT_EQ(listed[0].node.id, kNode.id);
    EXPECT_EQ(listed[0].node.epoch, kNode.epoch);
    EXPECT_EQ(listed[0].issuer_key, kIssuer);
    EXPECT_EQ(listed[0].number, 1U);
    EXPECT_EQ(listed[0].this_update, intent.this_update);
    EXPECT_EQ(listed[0].next_update, intent.next_update);
    EXPECT_EQ(listed[0].tbs_digest, intent.tbs_digest);
    expect_success(store().abandon_crl(intent.id, at(3), {}));
    EXPECT_TRUE(open(1, 2).empty());
}

TEST_P(Crls, LatestIsTheOneWithTheHighestNumber) {
    for (std::uint64_t i = 1; i <= 6; ++i) {
        const auto intent = crl_intent_of(i, reserve(), at(0));
        expect_success(store().intend_crl(intent, {}));
        expect_success(store().complete_crl(intent.id, crl_record_of(intent), {}));
        EXPECT_EQ(store().latest_crl(kIssuer).value()->number, i);
    }
    expect_success(store().intend_crl(crl_intent_of(7, reserve(), at(0)), {}));
    EXPECT_EQ(store().latest_crl(kIssuer).value()->number, 6U);
}

TEST_P(Crls, AreCompletedHoweverLongTheirSigningTook) {
    const auto intent = crl_intent_of(1, reserve(), at(0));
    expect_success(store().intend_crl(intent, {}));
    expect_success(store().record({}, at(3600)));
    expect_success(store().complete_crl(intent.id, crl_record_of(intent), event_of(EventKind::crl_issued)));
    EXPECT_EQ(store().latest_crl(kIssuer).value()->this_update, at(0));
    // And the clock stays where it was.
    EXPECT_EQ(refused([&] { return store().record({}, at(3590)); }), ErrorCode::clock);
}

}  // namespace
}  // namespace sealwright::contract
