// Group commit: what waits together is committed together, a change that breaks the rules is taken out, a lone caller
// is never kept waiting.
#include <sqlite3.h>

#include <semaphore>
#include <thread>

#include "store/sqlite/writer.hpp"
#include "tests/contract/sqlite/home.hpp"

namespace sealwright::contract {
namespace {

using store::sqlite::Change;
using store::sqlite::Connection;
using store::sqlite::Writer;

class GroupCommit : public SqliteStoreTest {
protected:
    GroupCommit() {
        open();  // makes the schema
        close();
        connect();
    }
    void connect() {
        writer_.emplace(Connection::open(file(), Connection::Mode::create, std::chrono::milliseconds{1000}).value(),
                        options_, log_);
    }
    static Change change_of(std::function<Result<void>(Connection&)> work, std::string note = "x") {
        Change change;
        change.now = at(0);
        change.leaves = store::sqlite::prepare_leaves(event_of(audit::EventKind::profile_loaded, std::move(note)));
        change.work = std::move(work);
        return change;
    }
    static Result<void> nothing(Connection&) { return success(); }
    static Result<void> insert(Connection& connection, std::int64_t key) {
        return connection.run("INSERT INTO status_change (counter, serial) VALUES (?1, ?2)", key,
                              numbered<SerialNumber>(1));
    }
    // together commits changes that all wait while a first one holds the writer up, and gives their results.
    std::vector<std::optional<ErrorCode>> together(std::vector<Change> changes) {
        std::binary_semaphore held{0}, go{0};
        Change first = change_of([&](Connection&) -> Result<void> {
            held.release();
            go.acquire();
            return success();
        });
        std::thread holder{[&] { EXPECT_TRUE(writer_->commit(first)); }};
        held.acquire();
        std::vector<std::optional<ErrorCode>> results(changes.size());
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            threads.emplace_back([&, i] {
                const auto result = writer_->commit(changes[i]);
                if (!result) results[i] = result.error().code();
            });
            // One after the other into the queue, so that their order is known.
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        go.release();
        holder.join();
        for (auto& thread : threads) thread.join();
        return results;
    }

    std::optional<Writer> writer_;
};

TEST_F(GroupCommit, PutsWhatWaitsIntoOneTransaction) {
    std::vector<Change> changes;
    std::set<std::int64_t> seen;
    for (std::int64_t key = 1; key <= 10; ++key) {
        changes.push_back(change_of([&seen, key](Connection& connection) -> Result<void> {
            SEALWRIGHT_TRY(insert(connection, key));
            SEALWRIGHT_TRY(const auto rows, connection.number("SELECT count(*) FROM status_change"));
            seen.insert(rows);
            return success();
        }));
    }
    for (const auto& result : together(std::move(changes))) EXPECT_FALSE(result);
    EXPECT_EQ(seen.size(), 10U);
    // One commit for the ten: WAL frames are whole transactions, and site was written once for all of them.
    EXPECT_EQ(number_in_file("SELECT count(*) FROM audit_leaf"), 11);
    EXPECT_EQ(number_in_file("SELECT audit_size FROM site"), 11);
}

TEST_F(GroupCommit, RefusesOneAloneInABatch) {
    std::vector<Change> changes;
    for (std::int64_t key = 1; key <= 5; ++key) {
        changes.push_back(change_of([key](Connection& connection) -> Result<void> {
            if (key == 3) return fail(ErrorCode::denied, "no");
            return insert(connection, key);
        }));
    }
    EXPECT_EQ(together(std::move(changes)), (std::vector<std::optional<ErrorCode>>{{}, {}, ErrorCode::denied, {}, {}}));
    EXPECT_EQ(number_in_file("SELECT count(*) FROM status_change"), 4);
    EXPECT_EQ(number_in_file("SELECT audit_size FROM site"), 5);
    EXPECT_TRUE(log_.errors().empty());
}

TEST_F(GroupCommit, TakesOutAChangeThatFailsAfterItHasWritten) {
    std::vector<Change> changes;
    for (std::int64_t key = 1; key <= 5; ++key) {
        changes.push_back(change_of([key](Connection& connection) -> Result<void> {
            SEALWRIGHT_TRY(insert(connection, key));
            if (key == 3) return fail(ErrorCode::internal, "too late");
            return success();
        }));
    }
    EXPECT_EQ(together(std::move(changes)),
              (std::vector<std::optional<ErrorCode>>{{}, {}, ErrorCode::internal, {}, {}}));
    EXPECT_EQ(number_in_file("SELECT count(*) FROM status_change"), 4);
    EXPECT_EQ(number_in_file("SELECT count(*) FROM status_change WHERE counter = 3"), 0);
    EXPECT_EQ(number_in_file("SELECT audit_size FROM site"), 5);
    EXPECT_TRUE(writer_->healthy());
    EXPECT_EQ(log_.errors().size(), 1U);
}

TEST_F(GroupCommit, TakesOutAChangeThatBreaksAConstraintAfterItHasWritten) {
    std::vector<Change> changes;
    for (std::int64_t key = 1; key <= 3; ++key) {
        changes.push_back(change_of([key](Connection& connection) -> Result<void> {
            SEALWRIGHT_TRY(insert(connection, key));
            if (key != 2) return success();
            return insert(connection, key);  // the same again
        }));
    }
    EXPECT_EQ(together(std::move(changes)), (std::vector<std::optional<ErrorCode>>{{}, ErrorCode::storage, {}}));
    EXPECT_EQ(number_in_file("SELECT count(*) FROM status_change"), 2);
    EXPECT_TRUE(writer_->healthy());
}

TEST_F(GroupCommit, TakesOutAChangeThatThrows) {
    std::vector<Change> changes;
    changes.push_back(change_of([](Connection& connection) { return insert(connection, 1); }));
    changes.push_back(change_of([](Connection&) -> Result<void> { throw std::logic_error{"before it wrote"}; }));
    changes.push_back(change_of([](Connection& connection) -> Result<void> {
        SEALWRIGHT_TRY(insert(connection, 2));
        throw std::bad_alloc{};
    }));
    changes.push_back(change_of([](Connection& connection) { return insert(connection, 3); }));
    EXPECT_EQ(together(std::move(changes)),
              (std::vector<std::optional<ErrorCode>>{{}, ErrorCode::internal, ErrorCode::internal, {}}));
    EXPECT_EQ(number_in_file("SELECT sum(counter) FROM status_change"), 4);
    EXPECT_TRUE(writer_->healthy());
}

TEST_F(GroupCommit, FailsEachChangeWhenTheAuditLogCannotGrow) {
    meddle("INSERT INTO audit_leaf VALUES (3, zeroblob(32), x'00')");
    std::vector<Change> changes;
    for (std::int64_t key = 1; key <= 3; ++key)
        changes.push_back(change_of([key](Connection& connection) { return insert(connection, key); }));
    EXPECT_EQ(together(std::move(changes)),
              (std::vector<std::optional<ErrorCode>>{ErrorCode::storage, ErrorCode::storage, ErrorCode::storage}));
    EXPECT_EQ(number_in_file("SELECT count(*) FROM status_change"), 0);
    EXPECT_FALSE(writer_->healthy());
    meddle("DELETE FROM audit_leaf WHERE idx = 3");
    Change good = change_of(nothing);
    EXPECT_TRUE(writer_->commit(good));
    EXPECT_TRUE(writer_->healthy());
}

TEST_F(GroupCommit, BoundsItsQueue) {
    writer_.reset();
    options_.max_waiting = 2;
    connect();
    std::vector<Change> changes;
    for (int i = 0; i < 4; ++i) changes.push_back(change_of(nothing));
    const auto results = together(std::move(changes));
    EXPECT_EQ(results, (std::vector<std::optional<ErrorCode>>{{}, {}, ErrorCode::overloaded, ErrorCode::overloaded}));
}

TEST_F(GroupCommit, BoundsItsBatches) {
    writer_.reset();
    options_.max_batch = 3;
    connect();
    std::vector<Change> changes;
    for (int i = 0; i < 8; ++i) changes.push_back(change_of(nothing));
    for (const auto& result : together(std::move(changes))) EXPECT_FALSE(result);
    EXPECT_EQ(number_in_file("SELECT audit_size FROM site"), 9);
}

TEST_F(GroupCommit, KeepsALoneCallerFromWaitingForOthers) {
    writer_.reset();
    options_.group_delay = std::chrono::seconds{5};
    connect();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
        Change change = change_of(nothing);
        ASSERT_TRUE(writer_->commit(change));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
}

TEST_F(GroupCommit, RefusesWhatStillWaitsWhenItCloses) {
    std::binary_semaphore held{0}, go{0};
    Change first = change_of([&](Connection&) -> Result<void> {
        held.release();
        go.acquire();
        return success();
    });
    Change second = change_of(nothing);
    std::optional<ErrorCode> code;
    std::thread one{[&] { EXPECT_TRUE(writer_->commit(first)); }};
    held.acquire();
    std::thread two{[&] {
        const auto result = writer_->commit(second);
        if (!result) code = result.error().code();
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    std::thread closer{[&] { writer_.reset(); }};
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    go.release();
    closer.join();
    one.join();
    two.join();
    EXPECT_EQ(code, ErrorCode::unavailable);
    EXPECT_EQ(number_in_file("SELECT audit_size FROM site"), 1);
}

}  // namespace
}  // namespace sealwright::contract
