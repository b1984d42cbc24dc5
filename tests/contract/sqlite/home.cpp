#include "tests/contract/sqlite/home.hpp"

#include <sqlite3.h>
#include <unistd.h>

namespace sealwright::contract {

void RecordingLog::write(LogLevel level, std::string_view, std::string_view text) noexcept {
    if (level != LogLevel::error) return;
    const std::lock_guard lock{mutex_};
    errors_.emplace_back(text);
}

std::vector<std::string> RecordingLog::errors() const {
    const std::lock_guard lock{mutex_};
    return errors_;
}

SqliteStoreTest::SqliteStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sealwright-store-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
}

SqliteStoreTest::~SqliteStoreTest() {
    close();
    std::filesystem::remove_all(folder_);
}

Result<std::unique_ptr<store::sqlite::SqliteStore>> SqliteStoreTest::try_open() {
    return store::sqlite::SqliteStore::open(file(), options_, log_);
}

void SqliteStoreTest::open() {
    auto opened = try_open();
    if (!opened) throw std::runtime_error("the store does not open: " + opened.error().describe());
    store_ = std::move(opened).value();
}

issuance::Intent SqliteStoreTest::intend(std::uint64_t number) {
    const auto intent = intent_of(number);
    const auto receipt =
        store().intend(intent, event_of(audit::EventKind::certificate_intended, std::to_string(number)));
    EXPECT_TRUE(receipt) << receipt.error().describe();
    return intent;
}

issuance::Intent SqliteStoreTest::issue(std::uint64_t number) {
    const auto intent = intend(number);
    const auto completed =
        store().complete(completion_of(intent), event_of(audit::EventKind::certificate_issued, std::to_string(number)));
    EXPECT_TRUE(completed) << completed.error().describe();
    return intent;
}

void SqliteStoreTest::meddle(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open_v2(file().c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr), SQLITE_OK);
    char* error = nullptr;
    const std::string script = "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;" + sql;
    EXPECT_EQ(sqlite3_exec(handle, script.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_free(error);
    sqlite3_close(handle);
}

std::int64_t SqliteStoreTest::number_in_file(const std::string& sql) {
    sqlite3* handle = nullptr;
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_open_v2(file().c_str(), &handle, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sql;
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW) << sql;
    const std::int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return number;
}

}  // namespace sealwright::contract
