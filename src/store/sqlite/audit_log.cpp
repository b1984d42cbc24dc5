#include "store/sqlite/audit_log.hpp"

#include <bit>

namespace sealwright::store::sqlite {
namespace {

constexpr std::uint64_t kMaxLeavesAtOnce = 65536;
constexpr std::size_t kMaxHashes = 64 * Sha256::kSize;
constexpr std::size_t kMaxNote = 65536;

Error needs_maintenance(std::string detail) {
    return fail(ErrorCode::storage, "the store needs maintenance: its audit log contradicts itself", std::move(detail));
}

std::int64_t signed_index(std::uint64_t index) { return static_cast<std::int64_t>(index); }

// hashes_with says how many hashes the row of a leaf has: its own and one for each subtree that it completes.
std::size_t hashes_with(std::uint64_t index) { return 1U + static_cast<std::size_t>(std::countr_one(index)); }

// edge_at gives the perfect subtrees of the tree of an earlier size.
Result<audit::CompactRange> edge_at(Connection& connection, std::uint64_t size) {
    std::vector<Sha256> edge;
    std::uint64_t begin = 0;
    for (unsigned level = 64; level-- > 0;) {
        if (((size >> level) & 1U) == 0) continue;
        SEALWRIGHT_TRY(const auto hash, read_node(connection, level, begin >> level));
        edge.push_back(hash);
        begin += std::uint64_t{1} << level;
    }
    return audit::CompactRange::from(size, std::move(edge));
}

// grow_with hashes a leaf again and compares what the row says with it.
Result<void> grow_with(audit::CompactRange& range, const Query& query) {
    const std::uint64_t index = range.size();
    const std::string where = "audit_leaf " + std::to_string(index);
    if (query.integer(0) != signed_index(index)) return needs_maintenance(where + " is missing");
    Bytes computed;
    range.append(audit::leaf_hash(query.blob(2)),
                 [&](unsigned, std::uint64_t, const Sha256& hash) { append(computed, hash.view()); });
    if (!equal(computed, query.blob(1))) return needs_maintenance(where + " does not hash to what was stored with it");
    return success();
}

}  // namespace

std::vector<PreparedLeaf> prepare_leaves(const std::vector<audit::Event>& events) {
    std::vector<PreparedLeaf> leaves;
    leaves.reserve(events.size());
    for (const audit::Event& event : events) {
        Bytes leaf = audit::encode_event(event);
        const Sha256 hash = audit::leaf_hash(leaf);
        leaves.push_back({std::move(leaf), hash});
    }
    return leaves;
}

Result<void> append_leaf(Connection& connection, audit::CompactRange& range, const PreparedLeaf& leaf) {
    const std::uint64_t index = range.size();
    Bytes hashes;
    hashes.reserve(hashes_with(index) * Sha256::kSize);
    range.append(leaf.hash, [&](unsigned, std::uint64_t, const Sha256& hash) { append(hashes, hash.view()); });
    return connection.run("INSERT INTO audit_leaf (idx, hashes, leaf) VALUES (?1, ?2, ?3)", signed_index(index), hashes,
                          leaf.leaf);
}

Result<std::vector<Bytes>> read_leaves(Connection& connection, std::uint64_t first, std::uint64_t last) {
    SEALWRIGHT_TRY(const auto size, connection.number("SELECT audit_size FROM site WHERE one = 1"));
    if (first > last || last > static_cast<std::uint64_t>(size))
        return fail(ErrorCode::malformed, "entries beyond the audit log");
    if (last - first > kMaxLeavesAtOnce) return fail(ErrorCode::too_large, "too many audit entries at once");
    std::vector<Bytes> leaves;
    leaves.reserve(last - first);
    SEALWRIGHT_TRY(auto query,
                   connection.query("SELECT idx, leaf FROM audit_leaf WHERE idx >= ?1 AND idx < ?2 ORDER BY idx",
                                    signed_index(first), signed_index(last)));
    for (std::uint64_t index = first; index < last; ++index) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found || query.integer(0) != signed_index(index))
            return needs_maintenance("audit_leaf " + std::to_string(index) + " is missing");
        RowReader row{query, "audit_leaf"};
        (void)row.integer("idx", 0, signed_index(last));
        leaves.push_back(row.blob("leaf", audit::kMaxLeafSize));
        SEALWRIGHT_TRY(row.finish());
    }
    return leaves;
}

Result<Sha256> read_node(Connection& connection, unsigned level, std::uint64_t index) {
    const auto incomplete = [] { return fail(ErrorCode::not_found, "no such complete subtree of the audit log"); };
    if (level > 62 || index >= (std::uint64_t{1} << (63U - level)) - 1U) return incomplete();
    const std::uint64_t leaf = ((index + 1) << level) - 1;
    SEALWRIGHT_TRY(auto query, connection.query("SELECT hashes FROM audit_leaf WHERE idx = ?1", signed_index(leaf)));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return incomplete();
    RowReader row{query, "audit_leaf"};
    const Bytes hashes = row.blob("hashes", kMaxHashes);
    SEALWRIGHT_TRY(row.finish());
    if (hashes.size() != hashes_with(leaf) * Sha256::kSize)
        return needs_maintenance("audit_leaf " + std::to_string(leaf) + " has another number of hashes");
    return Sha256::from(ByteView{hashes}.subspan(level * Sha256::kSize, Sha256::kSize));
}

Result<void> verify_log(Connection& connection, std::uint64_t newest) {
    SEALWRIGHT_TRY(const auto site, load_site(connection));
    const std::uint64_t size = site.range.size();
    SEALWRIGHT_TRY(const auto end, connection.number("SELECT coalesce(max(idx) + 1, 0) FROM audit_leaf"));
    SEALWRIGHT_TRY(const auto begin, connection.number("SELECT coalesce(min(idx), 0) FROM audit_leaf"));
    if (begin != 0 || end != signed_index(size)) {
        return needs_maintenance("leaves " + std::to_string(begin) + " to " + std::to_string(end) + ", head at " +
                                 std::to_string(size));
    }
    const std::uint64_t first = size - std::min(size, newest);
    auto range = edge_at(connection, first);
    if (!range)
        return needs_maintenance("no nodes of the tree of " + std::to_string(first) + ": " + range.error().describe());
    SEALWRIGHT_TRY(auto query, connection.query("SELECT idx, hashes, leaf FROM audit_leaf WHERE idx >= ?1 ORDER BY idx",
                                                signed_index(first)));
    while (range.value().size() < size) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return needs_maintenance("audit_leaf " + std::to_string(range.value().size()) + " is missing");
        SEALWRIGHT_TRY(grow_with(range.value(), query));
    }
    if (range.value().edge() != site.range.edge()) return needs_maintenance("the leaves do not hash to the head");
    return success();
}

Result<void> save_checkpoint(Connection& connection, std::string_view note, const audit::TreeHead& head) {
    if (note.empty() || note.size() > kMaxNote) return fail(ErrorCode::too_large, "a checkpoint of 1 to 65536 octets");
    SEALWRIGHT_TRY(const auto site, load_site(connection));
    if (head.size > site.range.size()) return fail(ErrorCode::conflict, "a checkpoint beyond the end of the audit log");
    SEALWRIGHT_TRY(const auto range, edge_at(connection, head.size));
    if (range.root() != head.root) return fail(ErrorCode::conflict, "a checkpoint of another audit log");
    return connection.run(
        "INSERT INTO checkpoint (size, root, note) VALUES (?1, ?2, ?3) ON CONFLICT (size) DO UPDATE SET note = "
        "excluded.note",
        signed_index(head.size), head.root, note);
}

Result<std::optional<std::string>> latest_checkpoint(Connection& connection) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"));
    SEALWRIGHT_TRY(const bool found, query.step());
    std::optional<std::string> note;
    if (!found) return note;
    RowReader row{query, "checkpoint"};
    note = row.text("note", kMaxNote);
    SEALWRIGHT_TRY(row.finish());
    return note;
}

}  // namespace sealwright::store::sqlite
