// home.hpp: a SQLite store in a temporary folder, opened with the test's own options, and its file opened behind the
// store's back.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "store/sqlite/sqlite_store.hpp"
#include "tests/contract/fixture.hpp"

namespace sealwright::contract {

// RecordingLog keeps what was written, for tests of what an operator is told.
class RecordingLog final : public Log {
public:
    void write(LogLevel level, std::string_view room, std::string_view text) noexcept override;
    std::vector<std::string> errors() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::string> errors_;
};

class SqliteStoreTest : public testing::Test {
protected:
    SqliteStoreTest();
    ~SqliteStoreTest() override;

    std::filesystem::path file() const { return folder_ / "ca.db"; }
    Result<std::unique_ptr<store::sqlite::SqliteStore>> try_open();
    // open must succeed.
    void open();
    void close() { store_.reset(); }
    store::sqlite::SqliteStore& store() { return *store_; }

    // issue makes a certificate in the open store.
    issuance::Intent issue(std::uint64_t number);
    issuance::Intent intend(std::uint64_t number);
    // meddle runs SQL in the file with checks of form and foreign keys off, as somebody else's hand would; the store
    // must be closed or idle.
    void meddle(const std::string& sql);
    std::int64_t number_in_file(const std::string& sql);

    std::filesystem::path folder_;
    store::sqlite::Options options_;
    RecordingLog log_;
    std::unique_ptr<store::sqlite::SqliteStore> store_;
};

}  // namespace sealwright::contract
