#include "store/sqlite/crls.hpp"

#include "store/sqlite/limits.hpp"
#include "store/sqlite/site.hpp"

namespace sealwright::store::sqlite {
namespace {

using issuance::CrlIntent;
using issuance::CrlRecord;

Result<std::int64_t> last_number(Connection& connection, std::int64_t issuer) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT crl_number FROM issuer WHERE id = ?1", issuer));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found)
        return fail(ErrorCode::storage, "a record in the store is damaged",
                    "issuer " + std::to_string(issuer) + " is gone");
    RowReader row{query, "issuer"};
    const std::int64_t number = row.integer("crl_number", 0, kMaxInteger - 1);
    SEALWRIGHT_TRY(row.finish());
    return number;
}

struct OpenCrl {
    std::int64_t seq = 0, issuer = 0, number = 0;
    KeyId issuer_key;
};

Result<OpenCrl> find_open(Connection& connection, const IntentId& intent) {
    SEALWRIGHT_TRY(
        auto query,
        connection.query("SELECT l.seq, l.issuer, l.number, i.key FROM crl l JOIN issuer i ON i.id = l.issuer "
                         "WHERE l.intent = ?1 AND l.state = 1",
                         intent));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::conflict, "the intent is not open", intent.hex());
    RowReader row{query, "crl"};
    OpenCrl open;
    open.seq = row.integer("seq", 1, kMaxInteger);
    open.issuer = row.integer("issuer", 1, kMaxInteger);
    open.number = row.integer("number", 1, kMaxInteger);
    open.issuer_key = row.fixed<KeyId>("key");
    SEALWRIGHT_TRY(row.finish());
    return open;
}

Result<bool> exists(Connection& connection, const char* sql, std::int64_t first, std::int64_t second) {
    SEALWRIGHT_TRY(auto query, connection.query(sql, first, second));
    return query.step();
}

}  // namespace

Result<std::uint64_t> last_crl_number(Connection& connection, const KeyId& issuer) {
    SEALWRIGHT_TRY(const auto known, find_issuer(connection, issuer));
    if (!known) return std::uint64_t{0};
    SEALWRIGHT_TRY(const auto last, last_number(connection, *known));
    return static_cast<std::uint64_t>(last);
}

Result<void> save_crl_number(Connection& connection, const KeyId& issuer, std::uint64_t number) {
    SEALWRIGHT_TRY(const auto id, issuer_of(connection, issuer));
    return connection.run("UPDATE issuer SET crl_number = ?2 WHERE id = ?1", id, static_cast<std::int64_t>(number));
}

Result<std::uint64_t> reserve_crl_number(Connection& connection, const KeyId& issuer) {
    SEALWRIGHT_TRY(const auto last, last_crl_number(connection, issuer));
    SEALWRIGHT_TRY(save_crl_number(connection, issuer, last + 1));
    return last + 1;
}

Result<void> intend_crl(Connection& connection, const CrlIntent& intent) {
    SEALWRIGHT_TRY(const auto issuer, find_issuer(connection, intent.issuer_key));
    if (!issuer) return fail(ErrorCode::conflict, "the CRL number was not reserved");
    SEALWRIGHT_TRY(const auto last, last_number(connection, *issuer));
    const auto number = static_cast<std::int64_t>(intent.number);
    if (number < 1 || number > last) return fail(ErrorCode::conflict, "the CRL number was not reserved");
    SEALWRIGHT_TRY(const bool used,
                   exists(connection, "SELECT 1 FROM crl WHERE issuer = ?1 AND number >= ?2", *issuer, number));
    if (used) return fail(ErrorCode::conflict, "the CRL number, or a higher one, was used already");
    SEALWRIGHT_TRY(auto known, connection.query("SELECT 1 FROM crl WHERE intent = ?1", intent.id));
    SEALWRIGHT_TRY(const bool taken, known.step());
    if (taken) return fail(ErrorCode::conflict, "the intent is known already", intent.id.hex());
    return connection.run(
        "INSERT INTO crl (issuer, number, state, intent, node, epoch, this_update, next_update, tbs_digest, "
        "intended_at) "
        "VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        *issuer, number, intent.id, intent.node.id, static_cast<std::int64_t>(intent.node.epoch.value()),
        intent.this_update, intent.next_update, intent.tbs_digest, intent.now);
}

Result<void> complete_crl(Connection& connection, const IntentId& intent, const CrlRecord& record, std::uint64_t kept) {
    SEALWRIGHT_TRY(check_size("the CRL", record.der.size(), kMaxCrl));
    if (record.der.empty()) return fail(ErrorCode::malformed, "a CRL without content");
    SEALWRIGHT_TRY(const auto open, find_open(connection, intent));
    if (static_cast<std::uint64_t>(open.number) != record.number || open.issuer_key != record.issuer_key) {
        return fail(ErrorCode::conflict, "the CRL is not the one that was intended");
    }
    SEALWRIGHT_TRY(connection.run(
        "UPDATE crl SET state = 2, entries = ?2, der = ?3, this_update = ?4, next_update = ?5 WHERE seq = ?1", open.seq,
        static_cast<std::int64_t>(record.entries), record.der, record.this_update, record.next_update));
    SEALWRIGHT_TRY(
        connection.run("UPDATE issuer SET crl_this_update = max(coalesce(crl_this_update, ?2), ?2) WHERE id = ?1",
                       open.issuer, record.this_update));
    const std::int64_t keep =
        static_cast<std::int64_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(kept, 1), kMaxInteger));
    return connection.run("UPDATE crl SET der = NULL WHERE issuer = ?1 AND der IS NOT NULL AND number <= ?2",
                          open.issuer, open.number - keep);
}

Result<void> abandon_crl(Connection& connection, const IntentId& intent) {
    SEALWRIGHT_TRY(const auto open, find_open(connection, intent));
    return connection.run("UPDATE crl SET state = 3 WHERE seq = ?1", open.seq);
}

Result<std::vector<CrlIntent>> read_open_crl_intents(Connection& connection, const issuance::Node& node) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT l.intent, l.node, l.epoch, i.key, l.number, l.this_update, "
                                                "l.next_update, l.tbs_digest, l.intended_at "
                                                "FROM crl l JOIN issuer i ON i.id = l.issuer "
                                                "WHERE l.state = 1 AND l.node = ?1 AND l.epoch < ?2 ORDER BY l.seq",
                                                node.id, static_cast<std::int64_t>(node.epoch.value())));
    std::vector<CrlIntent> intents;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return intents;
        RowReader row{query, "crl"};
        CrlIntent intent;
        intent.id = row.fixed<IntentId>("intent");
        intent.node.id = row.fixed<NodeId>("node");
        intent.node.epoch = BootEpoch{static_cast<std::uint64_t>(row.integer("epoch", 0, kMaxInteger))};
        intent.issuer_key = row.fixed<KeyId>("key");
        intent.number = static_cast<std::uint64_t>(row.integer("number", 1, kMaxInteger));
        intent.this_update = row.time("this_update");
        intent.next_update = row.time("next_update");
        intent.tbs_digest = row.fixed<Sha256>("tbs_digest");
        intent.now = row.time("intended_at");
        SEALWRIGHT_TRY(row.finish());
        intents.push_back(intent);
    }
}

Result<std::optional<CrlRecord>> latest_crl(Connection& connection, const KeyId& issuer) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT l.number, l.this_update, l.next_update, l.entries, l.der FROM "
                                                "issuer i JOIN crl l ON l.issuer = i.id "
                                                "WHERE i.key = ?1 AND l.state = 2 ORDER BY l.number DESC LIMIT 1",
                                                issuer));
    SEALWRIGHT_TRY(const bool found, query.step());
    std::optional<CrlRecord> record;
    if (!found) return record;
    RowReader row{query, "crl"};
    record.emplace();
    record->issuer_key = issuer;
    record->number = static_cast<std::uint64_t>(row.integer("number", 1, kMaxInteger));
    record->this_update = row.time("this_update");
    record->next_update = row.time("next_update");
    record->entries = static_cast<std::size_t>(row.integer("entries", 0, kMaxInteger));
    record->der = row.blob("der", kMaxCrl);
    SEALWRIGHT_TRY(row.finish());
    return record;
}

}  // namespace sealwright::store::sqlite
