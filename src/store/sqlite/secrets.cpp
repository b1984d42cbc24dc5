#include "store/sqlite/secrets.hpp"

#include "store/sqlite/limits.hpp"

namespace sealwright::store::sqlite {
namespace {

using issuance::SecretRecord;

#define SEALWRIGHT_SECRET_COLUMNS \
    "SELECT id, hash, profile, names, created_at, expires_at, created_by, used_at, used_by, revoked_at FROM secret "

std::string join_lines(const std::vector<std::string>& names) {
    std::string lines;
    for (const std::string& name : names) lines += name + "\n";
    return lines;
}

std::vector<std::string> split_lines(std::string_view lines) {
    std::vector<std::string> names;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        names.emplace_back(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return names;
}

Result<SecretRecord> read_secret(const Query& query) {
    RowReader row{query, "secret"};
    SecretRecord record;
    record.id = row.text("id", kMaxShortText);
    record.secret_hash = row.fixed<Sha256>("hash");
    record.profile = row.text("profile", kMaxShortText);
    record.names = split_lines(row.text("names", kMaxLongText));
    record.created_at = row.time("created_at");
    record.expires_at = row.time("expires_at");
    record.created_by = row.text("created_by", kMaxShortText);
    record.used_at = row.optional_time("used_at");
    record.used_by = row.optional_fixed<RequestId>("used_by");
    record.revoked_at = row.optional_time("revoked_at");
    if (record.used_at.has_value() != record.used_by.has_value()) row.lie("used_by", "does not fit used_at");
    SEALWRIGHT_TRY(row.finish());
    return record;
}

Result<std::optional<SecretRecord>> find_by_id(Connection& connection, std::string_view id) {
    SEALWRIGHT_TRY(auto query, connection.query(SEALWRIGHT_SECRET_COLUMNS "WHERE id = ?1", id));
    SEALWRIGHT_TRY(const bool found, query.step());
    std::optional<SecretRecord> record;
    if (found) {
        SEALWRIGHT_TRY(record, read_secret(query));
    }
    return record;
}

Result<void> check_form(const SecretRecord& record) {
    const auto breaks_lines = [](const std::string& name) {
        return name.empty() || name.find('\n') != std::string::npos;
    };
    if (std::any_of(record.names.begin(), record.names.end(), breaks_lines))
        return fail(ErrorCode::malformed, "a secret's name is empty or has a line break");
    if (record.id.empty()) return fail(ErrorCode::malformed, "a secret without a handle");
    SEALWRIGHT_TRY(check_size("the handle", record.id.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the profile's name", record.profile.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the creator's name", record.created_by.size(), kMaxShortText));
    return check_size("the list of names", join_lines(record.names).size(), kMaxLongText);
}

}  // namespace

Result<void> create_secret(Connection& connection, const SecretRecord& record) {
    SEALWRIGHT_TRY(check_form(record));
    SEALWRIGHT_TRY(const auto same_id, find_by_id(connection, record.id));
    SEALWRIGHT_TRY(const auto same_hash, find_secret(connection, record.secret_hash));
    if (same_id || same_hash) return fail(ErrorCode::already_exists, "the secret exists already");
    return connection.run(
        "INSERT INTO secret (id, hash, profile, names, created_at, expires_at, created_by) VALUES (?1, ?2, ?3, ?4, ?5, "
        "?6, ?7)",
        record.id, record.secret_hash, record.profile, join_lines(record.names), record.created_at, record.expires_at,
        record.created_by);
}

Result<void> revoke_secret(Connection& connection, std::string_view id, UtcTime now) {
    SEALWRIGHT_TRY(const auto record, find_by_id(connection, id));
    if (!record) return fail(ErrorCode::not_found, "no such secret");
    if (record->used_at) return fail(ErrorCode::conflict, "the secret was used already");
    if (record->revoked_at) return fail(ErrorCode::conflict, "the secret was revoked already");
    return connection.run("UPDATE secret SET revoked_at = ?2 WHERE id = ?1", id, now);
}

Result<void> check_usable(Connection& connection, std::string_view id, UtcTime now) {
    SEALWRIGHT_TRY(const auto record, find_by_id(connection, id));
    if (!record) return fail(ErrorCode::conflict, "the secret is not known");
    if (record->used_at) return fail(ErrorCode::conflict, "the secret was used already");
    if (record->revoked_at) return fail(ErrorCode::conflict, "the secret was revoked");
    if (now >= record->expires_at) return fail(ErrorCode::conflict, "the secret has expired");
    return success();
}

Result<void> use_secret(Connection& connection, std::string_view id, const RequestId& request, UtcTime now) {
    return connection.run("UPDATE secret SET used_at = ?2, used_by = ?3 WHERE id = ?1", id, now, request);
}

Result<std::vector<SecretRecord>> read_secrets(Connection& connection) {
    SEALWRIGHT_TRY(auto query, connection.query(SEALWRIGHT_SECRET_COLUMNS "ORDER BY seq DESC LIMIT 10000"));
    std::vector<SecretRecord> records;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return records;
        SEALWRIGHT_TRY(auto record, read_secret(query));
        records.push_back(std::move(record));
    }
}

Result<std::optional<SecretRecord>> find_secret(Connection& connection, const Sha256& hash) {
    SEALWRIGHT_TRY(auto query, connection.query(SEALWRIGHT_SECRET_COLUMNS "WHERE hash = ?1", hash));
    SEALWRIGHT_TRY(const bool found, query.step());
    std::optional<SecretRecord> record;
    if (found) {
        SEALWRIGHT_TRY(record, read_secret(query));
    }
    return record;
}

}  // namespace sealwright::store::sqlite
