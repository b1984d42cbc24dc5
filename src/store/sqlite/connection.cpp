#include "store/sqlite/connection.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace sealwright::store::sqlite {
namespace {

// Times outside of years 0 to 9999 were never written.
constexpr std::int64_t kEarliest = -62167219200;
constexpr std::int64_t kLatest = 253402300799;

// is_of_one_statement says that SQLite undid the statement and nothing else, and that another statement would succeed.
bool is_of_one_statement(int code) noexcept {
    switch (code & 0xFF) {
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
        case SQLITE_RANGE:
        case SQLITE_ERROR:
            return true;
        default:
            return false;
    }
}

// make_private makes the file before SQLite does, which would let the umask decide who can read it. WAL and index
// inherit its mode.
Result<void> make_private(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EACCES && errno != EROFS) {
        return fail(ErrorCode::storage, "the store cannot be opened", path.string() + ": " + std::strerror(errno));
    }
    if (fd < 0)
        return fail(ErrorCode::storage, "the store cannot be written", path.string() + ": " + std::strerror(errno));
    ::close(fd);
    return success();
}

int on_wal_growth(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

Query::Query(Query&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}

Query::~Query() {
    if (statement_ != nullptr) sqlite3_reset(statement_);
}

Result<bool> Query::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return connection_->failure(code, sqlite3_sql(statement_));
}

void Query::bind(int index, ByteView value, bool keep) noexcept {
    // A null pointer would bind NULL.
    if (value.empty()) {
        sqlite3_bind_zeroblob(statement_, index, 0);
        return;
    }
    sqlite3_bind_blob64(statement_, index, value.data(), value.size(), keep ? SQLITE_TRANSIENT : SQLITE_STATIC);
}

void Query::bind(int index, std::string_view value, bool keep) noexcept {
    const char* data = value.empty() ? "" : value.data();
    sqlite3_bind_text64(statement_, index, data, value.size(), keep ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
}

void Query::bind(int index, std::int64_t value, bool) noexcept { sqlite3_bind_int64(statement_, index, value); }
void Query::bind_null(int index) noexcept { sqlite3_bind_null(statement_, index); }

bool Query::is_null(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
bool Query::is_integer(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_INTEGER; }
bool Query::is_text(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_TEXT; }
bool Query::is_blob(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_BLOB; }
std::int64_t Query::integer(int column) const noexcept { return sqlite3_column_int64(statement_, column); }

ByteView Query::blob(int column) const noexcept {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Query::text(int column) const noexcept {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Connection::Connection(sqlite3* handle) : handle_(handle), wal_pages_(std::make_unique<int>(0)) {}

Connection::Connection(Connection&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      statements_(std::move(other.statements_)),
      wal_pages_(std::move(other.wal_pages_)),
      broken_(other.broken_) {
    other.statements_.clear();
}

Connection::~Connection() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    if (handle_ != nullptr) sqlite3_close(handle_);
}

Result<Connection> Connection::open(const std::filesystem::path& path, Mode mode,
                                    std::chrono::milliseconds busy_timeout) {
    if (mode == Mode::create) {
        SEALWRIGHT_TRY(make_private(path));
    }
    sqlite3* handle = nullptr;
    const int flags = (mode == Mode::create ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
                      SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    Connection connection{handle};
    if (code != SQLITE_OK) {
        return fail(ErrorCode::storage, "the store cannot be opened", path.string() + ": " + sqlite3_errstr(code));
    }
    sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
    // A file is data: its schema must not be able to run anything, and no SQL of ours writes the schema by hand.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    SEALWRIGHT_TRY(
        connection.execute("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;"));
    if (mode == Mode::create) {
        SEALWRIGHT_TRY(
            connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                               "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192;"));
        sqlite3_wal_hook(handle, on_wal_growth, connection.wal_pages_.get());
    } else {
        SEALWRIGHT_TRY(connection.execute("PRAGMA query_only = ON; PRAGMA cache_size = -2048;"));
    }
    return connection;
}

Result<Query> Connection::prepare(const char* sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return Query{*this, known->second};
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return failure(code, sql);
    statements_.emplace(sql, statement);
    return Query{*this, statement};
}

Result<void> Connection::execute(const std::string& script) {
    const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(code, script);
    return success();
}

Result<std::int64_t> Connection::number(const char* sql) {
    SEALWRIGHT_TRY(auto rows, query(sql));
    SEALWRIGHT_TRY(const bool found, rows.step());
    if (!found || !rows.is_integer(0))
        return fail(ErrorCode::storage, "the store needs maintenance", std::string{"no number: "} + sql);
    return rows.integer(0);
}

Error Connection::failure(int code, std::string_view what) {
    if (!is_of_one_statement(code)) broken_ = true;
    std::string detail =
        std::string{sqlite3_errstr(code)} + " (" + std::to_string(code) + "): " + sqlite3_errmsg(handle_) + " in ";
    detail += what.substr(0, 80);
    return fail(ErrorCode::storage, "the database failed and nothing was changed", std::move(detail));
}

std::int64_t Connection::last_insert_rowid() const noexcept { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Connection::total_changes() const noexcept { return sqlite3_total_changes64(handle_); }
bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }
bool Connection::is_read_only() const noexcept { return sqlite3_db_readonly(handle_, "main") == 1; }

void Connection::checkpoint(std::size_t pages) noexcept {
    if (*wal_pages_ < 0 || static_cast<std::size_t>(*wal_pages_) < pages) return;
    // A failure here loses nothing: the WAL stays, and the next checkpoint tries again.
    sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    *wal_pages_ = 0;
}

std::int64_t RowReader::integer(std::string_view name, std::int64_t least, std::int64_t most) {
    const int column = column_++;
    const std::int64_t value = query_.integer(column);
    if (query_.is_integer(column) && value >= least && value <= most) return value;
    lie(name, "not a number from " + std::to_string(least) + " to " + std::to_string(most));
    return least;
}

UtcTime RowReader::time(std::string_view name) {
    return UtcTime{std::chrono::seconds{integer(name, kEarliest, kLatest)}};
}

std::string RowReader::text(std::string_view name, std::size_t limit) {
    const int column = column_++;
    if (!query_.is_text(column) || query_.text(column).size() > limit) {
        lie(name, "not a text within its bound");
        return {};
    }
    return std::string{query_.text(column)};
}

Bytes RowReader::blob(std::string_view name, std::size_t limit) {
    const int column = column_++;
    if (!query_.is_blob(column) || query_.blob(column).size() > limit) {
        lie(name, "not octets within their bound");
        return {};
    }
    return bytes_of(query_.blob(column));
}

bool RowReader::next_is_null() noexcept {
    if (!query_.is_null(column_)) return false;
    ++column_;
    return true;
}

std::optional<UtcTime> RowReader::optional_time(std::string_view name) {
    if (next_is_null()) return std::nullopt;
    return time(name);
}

void RowReader::lie(std::string_view name, std::string_view why) {
    if (lie_.empty()) lie_ = std::string{table_} + "." + std::string{name} + ": " + std::string{why};
}

Result<void> RowReader::finish() const {
    if (lie_.empty()) return success();
    return fail(ErrorCode::storage, "a record in the store is damaged", lie_);
}

}  // namespace sealwright::store::sqlite
