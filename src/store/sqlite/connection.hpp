// connection.hpp: one SQLite connection, its prepared statements and its rows. Inside this folder only; a connection
// serves one thread at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/ids.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace sealwright::store::sqlite {

class Connection;

// Query is one use of a prepared statement, from its parameters to its last row; it gives the statement back when it
// goes.
class Query {
public:
    Query(Query&& other) noexcept;
    Query& operator=(Query&&) = delete;
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    // step goes to the next row; false at the end.
    Result<bool> step();

    bool is_null(int column) const noexcept;
    bool is_integer(int column) const noexcept;
    bool is_text(int column) const noexcept;
    bool is_blob(int column) const noexcept;
    std::int64_t integer(int column) const noexcept;
    // blob and text are views until the next step.
    ByteView blob(int column) const noexcept;
    std::string_view text(int column) const noexcept;

private:
    friend class Connection;
    Query(Connection& connection, sqlite3_stmt* statement) noexcept : connection_(&connection), statement_(statement) {}
    // keep says that the parameter must outlive this call's end: it is copied then.
    void bind(int index, ByteView value, bool keep) noexcept;
    void bind(int index, std::string_view value, bool keep) noexcept;
    void bind(int index, const std::string& value, bool keep) noexcept { bind(index, std::string_view{value}, keep); }
    void bind(int index, const Bytes& value, bool keep) noexcept { bind(index, ByteView{value}, keep); }
    void bind(int index, std::int64_t value, bool keep) noexcept;
    void bind(int index, UtcTime value, bool keep) noexcept {
        bind(index, std::int64_t{value.time_since_epoch().count()}, keep);
    }
    void bind_null(int index) noexcept;
    template <class Tag, std::size_t N>
    void bind(int index, const FixedBytes<Tag, N>& value, bool keep) noexcept {
        bind(index, value.view(), keep);
    }
    template <class T>
    void bind(int index, const std::optional<T>& value, bool keep) noexcept {
        if (value) {
            bind(index, *value, keep);
        } else {
            bind_null(index);
        }
    }

    Connection* connection_;
    sqlite3_stmt* statement_;
};

class Connection {
public:
    enum class Mode { create, read_only };
    // open opens or makes (0600) the file. Durability, strictness and locking are set here.
    static Result<Connection> open(const std::filesystem::path& path, Mode mode,
                                   std::chrono::milliseconds busy_timeout);
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&&) = delete;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    // run executes a statement that gives no rows, with its parameters. sql must be a literal: its address is the
    // cache's key.
    template <class... Args>
    Result<void> run(const char* sql, const Args&... args) {
        SEALWRIGHT_TRY(auto query, prepare(sql));
        int index = 0;
        (query.bind(++index, args, false), ...);
        SEALWRIGHT_TRY(query.step());
        return success();
    }
    // query gives rows; the parameters are copied.
    template <class... Args>
    Result<Query> query(const char* sql, const Args&... args) {
        SEALWRIGHT_TRY(auto query, prepare(sql));
        int index = 0;
        (query.bind(++index, args, true), ...);
        return query;
    }
    // execute runs a script of statements that are not cached.
    Result<void> execute(const std::string& script);
    // number gives the single integer that a statement results in.
    Result<std::int64_t> number(const char* sql);

    std::int64_t last_insert_rowid() const noexcept;
    // total_changes counts the rows that were ever written through this connection.
    std::int64_t total_changes() const noexcept;
    bool in_transaction() const noexcept;
    bool is_read_only() const noexcept;

    // broken is true after a failure that is the database's or the disk's and not of one statement alone (full, I/O,
    // corrupt, locked); the transaction cannot go on. mend forgets it.
    bool broken() const noexcept { return broken_; }
    void mend() noexcept { broken_ = false; }

    // checkpoint copies the WAL back as far as readers allow, without waiting, if it has at least this many pages.
    void checkpoint(std::size_t pages) noexcept;

private:
    friend class Query;
    explicit Connection(sqlite3* handle);
    Result<Query> prepare(const char* sql);
    Error failure(int code, std::string_view what);

    sqlite3* handle_;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
    std::unique_ptr<int> wal_pages_;  // written by SQLite's hook, so its address stays
    bool broken_ = false;
};

// RowReader reads the columns of a row in their order and refuses what does not have the form that was written. Values
// read after the first lie are empty; finish says what it was.
class RowReader {
public:
    RowReader(const Query& query, std::string_view table) noexcept : query_(query), table_(table) {}

    std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
    UtcTime time(std::string_view name);
    std::string text(std::string_view name, std::size_t limit);
    Bytes blob(std::string_view name, std::size_t limit);
    template <class Id>
    Id fixed(std::string_view name) {
        Id id;
        const int column = column_++;
        if (!query_.is_blob(column) || query_.blob(column).size() != Id::kSize) {
            lie(name, "wrong size");
        } else {
            id = Id::from(query_.blob(column)).value();
        }
        return id;
    }
    // next_is_null skips the column when it is NULL.
    bool next_is_null() noexcept;
    // optional_time and optional_fixed take NULL as none.
    std::optional<UtcTime> optional_time(std::string_view name);
    template <class Id>
    std::optional<Id> optional_fixed(std::string_view name) {
        if (next_is_null()) return std::nullopt;
        return fixed<Id>(name);
    }
    void lie(std::string_view name, std::string_view why);
    Result<void> finish() const;

private:
    const Query& query_;
    std::string_view table_;
    int column_ = 0;
    std::string lie_;
};

}  // namespace sealwright::store::sqlite
