#include "audit/checkpoint.hpp"
#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;

class AuditLog : public StoreContract {
protected:
    void add(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::string note = "entry " + std::to_string(written_++);
            expect_success(store().record(event_of(EventKind::profile_loaded, note), at(0)));
        }
    }
    audit::NodeReader nodes() {
        return [this](unsigned level, std::uint64_t index) { return store().audit_node(level, index); };
    }
    std::size_t written_ = 0;
};
SEALWRIGHT_EACH_ADAPTER(AuditLog);

TEST_P(AuditLog, IsEmptyAtFirst) {
    EXPECT_EQ(store().audit_head().value(), (audit::TreeHead{0, audit::empty_root()}));
    EXPECT_TRUE(store().audit_leaves(0, 0).value().empty());
    EXPECT_EQ(store().audit_node(0, 0).error().code(), ErrorCode::not_found);
    EXPECT_FALSE(store().latest_checkpoint().value());
}

TEST_P(AuditLog, ProvesEachEntryAndEachGrowthAtEachSize) {
    std::vector<audit::TreeHead> heads{store().audit_head().value()};
    for (std::size_t size = 1; size <= 20; ++size) {
        add(1);
        heads.push_back(store().audit_head().value());
        const auto leaves = store().audit_leaves(0, size).value();
        ASSERT_EQ(leaves.size(), size);
        for (std::size_t i = 0; i < size; ++i) {
            EXPECT_EQ(audit::parse_event(leaves[i]).value().fields.at("note"), "entry " + std::to_string(i));
            const auto proof = audit::inclusion_proof(i, size, nodes());
            ASSERT_TRUE(proof) << proof.error().describe();
            EXPECT_TRUE(audit::verify_inclusion(audit::leaf_hash(leaves[i]), i, heads[size], proof.value()));
            EXPECT_FALSE(
                audit::verify_inclusion(audit::leaf_hash(leaves[(i + 1) % size]), i, heads[size], proof.value()) &&
                size > 1);
        }
        for (std::size_t old = 0; old <= size; ++old) {
            const auto proof = audit::consistency_proof(old, size, nodes());
            ASSERT_TRUE(proof) << proof.error().describe();
            EXPECT_TRUE(audit::verify_consistency(heads[old], heads[size], proof.value()));
        }
    }
}

TEST_P(AuditLog, GoesOnWhereItWasAfterARestart) {
    add(7);
    const auto before = store().audit_head().value();
    reopen();
    EXPECT_EQ(store().audit_head().value(), before);
    add(6);
    const auto after = store().audit_head().value();
    EXPECT_EQ(after.size, 13U);
    EXPECT_TRUE(audit::verify_consistency(before, after, audit::consistency_proof(7, 13, nodes()).value()));
}

TEST_P(AuditLog, TakesAllEventsOfAVerbInTheirOrder) {
    auto events = event_of(EventKind::secret_used, "first");
    events.push_back(event_of(EventKind::certificate_intended, "second")[0]);
    ASSERT_TRUE(store().intend(intent_of(1), events));
    const auto leaves = store().audit_leaves(0, 2).value();
    EXPECT_EQ(leaves[0], audit::encode_event(events[0]));
    EXPECT_EQ(leaves[1], audit::encode_event(events[1]));
}

TEST_P(AuditLog, GivesPagesAndNothingBeyondItsEnd) {
    add(5);
    EXPECT_EQ(store().audit_leaves(1, 3).value().size(), 2U);
    EXPECT_EQ(store().audit_leaves(5, 5).value().size(), 0U);
    EXPECT_EQ(store().audit_leaves(4, 6).error().code(), ErrorCode::malformed);
    EXPECT_EQ(store().audit_leaves(3, 2).error().code(), ErrorCode::malformed);
    EXPECT_EQ(store().audit_leaves(0, UINT64_MAX).error().code(), ErrorCode::malformed);
}

TEST_P(AuditLog, GivesOnlyNodesThatAreComplete) {
    add(6);
    EXPECT_TRUE(store().audit_node(0, 5));
    EXPECT_TRUE(store().audit_node(1, 2));
    EXPECT_TRUE(store().audit_node(2, 0));
    for (const auto& [level, index] : std::vector<std::pair<unsigned, std::uint64_t>>{{0, 6},
                                                                                      {1, 3},
                                                                                      {2, 1},
                                                                                      {3, 0},
                                                                                      {62, 0},
                                                                                      {63, 0},
                                                                                      {64, 0},
                                                                                      {200, 0},
                                                                                      {0, UINT64_MAX},
                                                                                      {62, UINT64_MAX},
                                                                                      {1, UINT64_MAX >> 1U}}) {
        EXPECT_EQ(store().audit_node(level, index).error().code(), ErrorCode::not_found) << level << "/" << index;
    }
}

TEST_P(AuditLog, KeepsCheckpointsOfItsOwnHeadsOnly) {
    add(5);
    const auto head = store().audit_head().value();
    const std::string note = audit::checkpoint_text("o", head) + "\n\xE2\x80\x94 o AAAAAQID\n";
    expect_success(store().save_checkpoint(note, head));
    add(3);
    reopen();
    EXPECT_EQ(store().latest_checkpoint().value(), note);
    const auto later = store().audit_head().value();
    expect_success(store().save_checkpoint("later", later));
    expect_success(store().save_checkpoint("earlier", head));  // signed late; the newest head stays the latest
    EXPECT_EQ(store().latest_checkpoint().value(), "later");
    EXPECT_EQ(refused([&] { return store().save_checkpoint("x", {later.size, head.root}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().save_checkpoint("x", {later.size + 1, later.root}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().save_checkpoint("", later); }), ErrorCode::too_large);
}

TEST_P(AuditLog, IsBoundToTheChangeItRecords) {
    intend(1);
    const auto before = store().audit_head().value();
    EXPECT_FALSE(store().intend(intent_of(1), event_of(EventKind::certificate_intended)));
    EXPECT_EQ(store().audit_head().value(), before);
    EXPECT_TRUE(store().intend(intent_of(2), event_of(EventKind::certificate_intended)));
    EXPECT_EQ(store().audit_head().value().size, before.size + 1);
}

TEST_P(AuditLog, IsProbedWithoutAnEntry) {
    add(1);
    expect_success(store().probe(at(1)));
    EXPECT_EQ(store().audit_head().value().size, 1U);
    EXPECT_TRUE(store().healthy());
}

}  // namespace
}  // namespace sealwright::contract
