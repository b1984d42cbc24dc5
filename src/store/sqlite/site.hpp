// site.hpp: the one row that says who this store is, when it last committed and where the audit log ends; and the boots
// of its nodes.
#pragma once

#include <optional>

#include "audit/merkle_tree.hpp"
#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

struct Site {
    UtcTime committed_at{};
    audit::CompactRange range;
};

// found_site writes the row of a new store.
Result<void> found_site(Connection& connection, const NodeId& node);
Result<bool> has_site(Connection& connection);
Result<Site> load_site(Connection& connection);
Result<void> save_site(Connection& connection, const Site& site);
Result<NodeId> load_node(Connection& connection);

// load_epoch gives a node's last boot, 0 where it never had one. next_epoch counts one more.
Result<BootEpoch> load_epoch(Connection& connection, const NodeId& node);
Result<void> save_epoch(Connection& connection, const NodeId& node, BootEpoch epoch);
Result<BootEpoch> next_epoch(Connection& connection, const NodeId& node);

// find_issuer gives the row of a CA key; nullopt when it never had one. issuer_of makes it.
Result<std::optional<std::int64_t>> find_issuer(Connection& connection, const KeyId& key);
Result<std::int64_t> issuer_of(Connection& connection, const KeyId& key);

}  // namespace sealwright::store::sqlite
