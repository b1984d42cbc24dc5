#include "store/sqlite/site.hpp"

#include <limits>

namespace sealwright::store::sqlite {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxEdge = 64 * Sha256::kSize;

Result<std::vector<Sha256>> split_edge(ByteView octets) {
    if (octets.size() % Sha256::kSize != 0)
        return fail(ErrorCode::storage, "the store needs maintenance", "site.audit_edge is cut off");
    std::vector<Sha256> edge;
    for (; !octets.empty(); octets = octets.subspan(Sha256::kSize)) {
        SEALWRIGHT_TRY(const auto hash, Sha256::from(octets.first(Sha256::kSize)));
        edge.push_back(hash);
    }
    return edge;
}

}  // namespace

Result<void> found_site(Connection& connection, const NodeId& node) {
    return connection.run(
        "INSERT INTO site (one, node, committed_at, audit_size, audit_edge) VALUES (1, ?1, 0, 0, x'')", node);
}

Result<bool> has_site(Connection& connection) {
    SEALWRIGHT_TRY(const auto rows, connection.number("SELECT count(*) FROM site"));
    return rows != 0;
}

Result<Site> load_site(Connection& connection) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT committed_at, audit_size, audit_edge FROM site WHERE one = 1"));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::storage, "the store needs maintenance", "no row in site");
    RowReader row{query, "site"};
    Site site;
    site.committed_at = row.time("committed_at");
    const auto size = static_cast<std::uint64_t>(row.integer("audit_size", 0, kMax));
    const Bytes octets = row.blob("audit_edge", kMaxEdge);
    SEALWRIGHT_TRY(row.finish());
    SEALWRIGHT_TRY(auto edge, split_edge(octets));
    auto range = audit::CompactRange::from(size, std::move(edge));
    if (!range) return fail(ErrorCode::storage, "the store needs maintenance", "site: " + range.error().describe());
    site.range = std::move(range).value();
    return site;
}

Result<void> save_site(Connection& connection, const Site& site) {
    Bytes edge;
    edge.reserve(site.range.edge().size() * Sha256::kSize);
    for (const Sha256& hash : site.range.edge()) append(edge, hash.view());
    return connection.run("UPDATE site SET committed_at = ?1, audit_size = ?2, audit_edge = ?3 WHERE one = 1",
                          site.committed_at, static_cast<std::int64_t>(site.range.size()), edge);
}

Result<NodeId> load_node(Connection& connection) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT node FROM site WHERE one = 1"));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::storage, "the store needs maintenance", "no row in site");
    RowReader row{query, "site"};
    const auto node = row.fixed<NodeId>("node");
    SEALWRIGHT_TRY(row.finish());
    return node;
}

Result<BootEpoch> load_epoch(Connection& connection, const NodeId& node) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT epoch FROM boot WHERE node = ?1", node));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return BootEpoch{0};
    RowReader row{query, "boot"};
    const std::int64_t epoch = row.integer("epoch", 1, kMax - 1);
    SEALWRIGHT_TRY(row.finish());
    return BootEpoch{static_cast<std::uint64_t>(epoch)};
}

Result<void> save_epoch(Connection& connection, const NodeId& node, BootEpoch epoch) {
    return connection.run(
        "INSERT INTO boot (node, epoch) VALUES (?1, ?2) ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch", node,
        static_cast<std::int64_t>(epoch.value()));
}

Result<BootEpoch> next_epoch(Connection& connection, const NodeId& node) {
    SEALWRIGHT_TRY(const auto last, load_epoch(connection, node));
    const BootEpoch next{last.value() + 1};
    SEALWRIGHT_TRY(save_epoch(connection, node, next));
    return next;
}

Result<std::optional<std::int64_t>> find_issuer(Connection& connection, const KeyId& key) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT id FROM issuer WHERE key = ?1", key));
    SEALWRIGHT_TRY(const bool found, query.step());
    std::optional<std::int64_t> id;
    if (found) id = query.integer(0);
    return id;
}

Result<std::int64_t> issuer_of(Connection& connection, const KeyId& key) {
    SEALWRIGHT_TRY(const auto known, find_issuer(connection, key));
    if (known) return *known;
    SEALWRIGHT_TRY(connection.run("INSERT INTO issuer (key) VALUES (?1)", key));
    return connection.last_insert_rowid();
}

}  // namespace sealwright::store::sqlite
