// audit_log.hpp: the Merkle log in the database: leaves appended within the transaction that they record, nodes and
// checkpoints read back.
#pragma once

#include <optional>
#include <vector>

#include "audit/event.hpp"
#include "store/sqlite/site.hpp"

namespace sealwright::store::sqlite {

// PreparedLeaf is encoded and hashed by the caller's thread, so that the writer only has to place it.
struct PreparedLeaf {
    Bytes leaf;
    Sha256 hash;
};
std::vector<PreparedLeaf> prepare_leaves(const std::vector<audit::Event>& events);

// append_leaf gives the leaf the next index; range is the tree's edge and grows with it.
Result<void> append_leaf(Connection& connection, audit::CompactRange& range, const PreparedLeaf& leaf);

Result<std::vector<Bytes>> read_leaves(Connection& connection, std::uint64_t first, std::uint64_t last);
// read_node gives not_found for a subtree that is not complete.
Result<Sha256> read_node(Connection& connection, unsigned level, std::uint64_t index);

// verify_log makes sure that site, leaves and nodes agree: the indices end where the head says, the newest leaves (all
// with UINT64_MAX) hash to the nodes stored with them, and the edge to that of the head.
Result<void> verify_log(Connection& connection, std::uint64_t newest);

// save_checkpoint refuses (conflict) a head that this log never had.
Result<void> save_checkpoint(Connection& connection, std::string_view note, const audit::TreeHead& head);
Result<std::optional<std::string>> latest_checkpoint(Connection& connection);

}  // namespace sealwright::store::sqlite
