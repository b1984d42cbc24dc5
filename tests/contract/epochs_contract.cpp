#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

class Epochs : public StoreContract {};
SEALWRIGHT_EACH_ADAPTER(Epochs);

TEST_P(Epochs, CountBootsOfEachNodeFromOne) {
    const NodeId one = numbered<NodeId>(1), two = numbered<NodeId>(2);
    EXPECT_EQ(store().open_epoch(one, at(0), {}).value(), BootEpoch{1});
    EXPECT_EQ(store().open_epoch(one, at(1), {}).value(), BootEpoch{2});
    EXPECT_EQ(store().open_epoch(two, at(2), {}).value(), BootEpoch{1});
    reopen();
    EXPECT_EQ(store().open_epoch(one, at(3), {}).value(), BootEpoch{3});
}

TEST_P(Epochs, StandInTheEventsThatOpenThem) {
    auto events = event_of(audit::EventKind::epoch_opened);
    events[0].epoch = BootEpoch{0};
    ASSERT_TRUE(store().open_epoch(kNode.id, at(0), events));
    ASSERT_TRUE(store().open_epoch(kNode.id, at(0), events));
    const auto leaves = store().audit_leaves(0, 2).value();
    EXPECT_EQ(audit::parse_event(leaves[0]).value().epoch, BootEpoch{1});
    EXPECT_EQ(audit::parse_event(leaves[1]).value().epoch, BootEpoch{2});
}

TEST_P(Epochs, BelongToANodeWhoseIdentityStays) {
    const NodeId node = store().node_id().value();
    EXPECT_EQ(store().node_id().value(), node);
    reopen();
    EXPECT_EQ(store().node_id().value(), node);
    EXPECT_NE(node, NodeId{});
}

}  // namespace
}  // namespace sealwright::contract
