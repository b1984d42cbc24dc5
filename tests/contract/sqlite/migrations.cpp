#include "store/sqlite/migrations.hpp"

#include "tests/contract/sqlite/home.hpp"

namespace sealwright::contract {
namespace {

using store::sqlite::Connection;
using store::sqlite::migrate;
using store::sqlite::Migration;

class SqliteMigrations : public SqliteStoreTest {
protected:
    Connection connect() {
        return Connection::open(file(), Connection::Mode::create, std::chrono::milliseconds{100}).value();
    }

    static constexpr Migration kFirst{1, "CREATE TABLE a (x INTEGER) STRICT;"};
    static constexpr Migration kSecond{2, "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO b SELECT x + 1 FROM a;"};
    static constexpr Migration kBroken{3, "CREATE TABLE c (z INTEGER) STRICT; INSERT INTO nowhere VALUES (1);"};
};

TEST_F(SqliteMigrations, AreNumberedFromOneWithoutGaps) {
    int expected = 0;
    for (const Migration& migration : store::sqlite::migrations()) EXPECT_EQ(migration.version, ++expected);
    EXPECT_GE(expected, 1);
}

TEST_F(SqliteMigrations, BringAnEmptyFileToTheNewestSchema) {
    open();
    close();
    EXPECT_EQ(number_in_file("PRAGMA user_version"), store::sqlite::migrations().back().version);
    EXPECT_EQ(number_in_file("PRAGMA application_id"), 0x53574341);
    EXPECT_EQ(number_in_file("SELECT count(*) FROM site"), 1);
    // Every table is STRICT.
    EXPECT_EQ(number_in_file("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name "
                             "NOT LIKE 'sqlite_%' AND strict = 0"),
              0);
}

TEST_F(SqliteMigrations, BringAnOlderFileForwardWithItsRows) {
    {
        auto connection = connect();
        ASSERT_TRUE(migrate(connection, std::array{kFirst}));
        ASSERT_TRUE(connection.execute("INSERT INTO a VALUES (41)"));
    }
    {
        auto connection = connect();
        ASSERT_TRUE(migrate(connection, std::array{kFirst, kSecond}));
        ASSERT_TRUE(migrate(connection, std::array{kFirst, kSecond}));  // nothing left to do
    }
    EXPECT_EQ(number_in_file("PRAGMA user_version"), 2);
    EXPECT_EQ(number_in_file("SELECT y FROM b"), 42);
}

TEST_F(SqliteMigrations, LeaveTheFileAsItWasWhenOneFails) {
    auto connection = connect();
    ASSERT_TRUE(migrate(connection, std::array{kFirst}));
    EXPECT_FALSE(migrate(connection, std::array{kFirst, kSecond, kBroken}));
    EXPECT_EQ(number_in_file("PRAGMA user_version"), 1);
    EXPECT_EQ(number_in_file("SELECT count(*) FROM sqlite_schema WHERE name IN ('b', 'c')"), 0);
    EXPECT_TRUE(migrate(connection, std::array{kFirst, kSecond}));
}

TEST_F(SqliteMigrations, RefuseASchemaThatIsNewer) {
    open();
    issue(1);
    close();
    const auto version = number_in_file("PRAGMA user_version");
    meddle("PRAGMA user_version = " + std::to_string(version + 1));
    const auto opened = try_open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::conflict);
    meddle("PRAGMA user_version = " + std::to_string(version));
    EXPECT_TRUE(try_open());
}

}  // namespace
}  // namespace sealwright::contract
