#include "store/sqlite/migrations.hpp"

namespace sealwright::store::sqlite {
namespace {

constexpr std::int64_t kApplicationId = 0x53574341;  // "SWCA", in the file's header

Result<void> check_is_ours(Connection& connection) {
    SEALWRIGHT_TRY(const auto application, connection.number("PRAGMA application_id"));
    if (application == kApplicationId) return success();
    SEALWRIGHT_TRY(const auto objects, connection.number("SELECT count(*) FROM sqlite_schema"));
    if (application == 0 && objects == 0) return success();
    return fail(ErrorCode::storage, "the file is not a Sealwright store",
                "application_id " + std::to_string(application));
}

Result<void> migrate_within(Connection& connection, std::span<const Migration> known) {
    SEALWRIGHT_TRY(check_is_ours(connection));
    SEALWRIGHT_TRY(const auto version, connection.number("PRAGMA user_version"));
    const int newest = known.empty() ? 0 : known.back().version;
    if (version < 0 || version > newest) {
        return fail(ErrorCode::conflict, "the store was written by a newer version of this program",
                    "schema " + std::to_string(version) + ", known up to " + std::to_string(newest));
    }
    for (const Migration& migration : known) {
        if (migration.version <= version) continue;
        SEALWRIGHT_TRY(connection.execute(migration.sql));
        SEALWRIGHT_TRY(connection.execute("PRAGMA user_version = " + std::to_string(migration.version)));
    }
    if (version == 0) {
        SEALWRIGHT_TRY(connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId)));
    }
    return success();
}

}  // namespace

Result<void> check_is_migrated(Connection& connection, std::span<const Migration> known) {
    SEALWRIGHT_TRY(check_is_ours(connection));
    SEALWRIGHT_TRY(const auto version, connection.number("PRAGMA user_version"));
    if (known.empty() || version == known.back().version) return success();
    return fail(ErrorCode::conflict,
                "the store's schema is not the one of this program, which sealwrightd brings forward when it starts",
                "schema " + std::to_string(version) + ", this program's " + std::to_string(known.back().version));
}

Result<void> migrate(Connection& connection, std::span<const Migration> known) {
    SEALWRIGHT_TRY(connection.execute("BEGIN IMMEDIATE"));
    auto migrated = migrate_within(connection, known);
    if (migrated) migrated = connection.execute("COMMIT");
    if (!migrated && connection.in_transaction()) (void)connection.execute("ROLLBACK");
    return migrated;
}

}  // namespace sealwright::store::sqlite
