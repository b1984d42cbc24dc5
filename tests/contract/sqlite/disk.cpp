// Disks: full, too small, read-only, locked. Whatever the disk does, nothing is acknowledged that is not durable, and
// the store says so.
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/contract/sqlite/home.hpp"

namespace sealwright::contract {
namespace {

class SqliteDisk : public SqliteStoreTest {
protected:
    // fill intends until it is refused, and gives the intents that were acknowledged.
    std::vector<issuance::Intent> fill(std::uint64_t from, std::uint64_t most, Error& refusal) {
        std::vector<issuance::Intent> acknowledged;
        for (std::uint64_t number = from; number < from + most; ++number) {
            const auto intent = intent_of(number);
            const auto receipt = store().intend(intent, event_of(audit::EventKind::certificate_intended));
            if (!receipt) {
                refusal = receipt.error();
                return acknowledged;
            }
            acknowledged.push_back(intent);
        }
        ADD_FAILURE() << "the disk was not full after " << most;
        return acknowledged;
    }
    void expect_exactly(const std::vector<issuance::Intent>& intents) {
        for (const auto& intent : intents) EXPECT_TRUE(store().certificate(intent.serial)) << intent.serial.hex();
        EXPECT_EQ(store().audit_head().value().size, intents.size());
        EXPECT_EQ(store().open_intents({kNode.id, BootEpoch{2}}, at(0)).value().size(), intents.size());
    }
};

TEST_F(SqliteDisk, ThatIsFullRefusesAndLosesNothing) {
    options_.max_pages = 80;
    open();
    Error refusal{ErrorCode::internal};
    auto acknowledged = fill(1, 1000, refusal);
    EXPECT_EQ(refusal.code(), ErrorCode::storage);
    EXPECT_FALSE(store().healthy());
    EXPECT_EQ(log_.errors().size(), 1U);
    ASSERT_FALSE(acknowledged.empty());
    expect_exactly(acknowledged);

    // It goes on refusing large changes, and says so once only.
    EXPECT_FALSE(store().intend(intent_of(5000), event_of(audit::EventKind::certificate_intended)));
    EXPECT_EQ(log_.errors().size(), 1U);

    // Room again: issuance resumes where it was.
    close();
    options_.max_pages = 0;
    open();
    expect_exactly(acknowledged);
    EXPECT_TRUE(store().healthy());
    acknowledged.push_back(intend(6000));
    expect_exactly(acknowledged);
}

TEST_F(SqliteDisk, ThatWasFullIsHealthyAfterTheFirstWriteThatSucceeds) {
    options_.max_pages = 80;
    open();
    Error refusal{ErrorCode::internal};
    const auto acknowledged = fill(1, 1000, refusal);
    EXPECT_FALSE(store().healthy());
    // Completing an intent frees nothing, but a change that needs no new page succeeds.
    const auto probed = store().probe(at(0));
    EXPECT_TRUE(probed) << probed.error().describe();
    EXPECT_TRUE(store().healthy());
    expect_exactly(acknowledged);
}

TEST_F(SqliteDisk, ThatIsFullFailsEachChangeOfTheBatch) {
    options_.max_pages = 80;
    options_.group_delay = std::chrono::milliseconds{20};
    open();
    std::atomic<std::uint64_t> next{1}, acknowledged{0}, storage{0}, otherwise{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 16; ++thread) {
        threads.emplace_back([&] {
            for (int i = 0; i < 40; ++i) {
                const auto intent = intent_of(next++);
                const auto receipt = store().intend(intent, event_of(audit::EventKind::certificate_intended));
                const bool there = store().certificate(intent.serial).has_value();
                if (receipt && there) {
                    ++acknowledged;
                } else if (!receipt && receipt.error().code() == ErrorCode::storage && !there) {
                    ++storage;
                } else {
                    ++otherwise;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(otherwise, 0U);
    EXPECT_GT(storage, 0U);
    EXPECT_GT(acknowledged, 0U);
    EXPECT_EQ(store().audit_head().value().size, acknowledged);
    close();
    options_.max_pages = 0;
    open();
    EXPECT_EQ(store().audit_head().value().size, acknowledged);
}

// The process's own limit on file sizes makes write(2) fail, below SQLite's knowledge of pages. In a child: the limit
// would stay.
TEST_F(SqliteDisk, WhoseWritesFailLosesNothingThatWasAcknowledged) {
    open();
    close();
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{400000, 400000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto opened = try_open();
        if (!opened) ::_exit(2);
        for (std::uint64_t number = 1; number < 2000; ++number) {
            const auto receipt =
                opened.value()->intend(intent_of(number), event_of(audit::EventKind::certificate_intended));
            if (receipt) {
                if (::write(pipe[1], &number, sizeof number) != sizeof number) ::_exit(3);
                continue;
            }
            ::_exit(receipt.error().code() == ErrorCode::storage && !opened.value()->healthy() ? 0 : 4);
        }
        ::_exit(5);
    }
    ::close(pipe[1]);
    std::vector<issuance::Intent> acknowledged;
    for (std::uint64_t number = 0; ::read(pipe[0], &number, sizeof number) == sizeof number;)
        acknowledged.push_back(intent_of(number));
    ::close(pipe[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    ASSERT_FALSE(acknowledged.empty());
    open();
    expect_exactly(acknowledged);
    issue(9000);
}

// A real full file system, where the tests may mount one.
TEST_F(SqliteDisk, OnASmallFileSystemRefusesAndResumes) {
    const auto mount_point = folder_ / "small";
    std::filesystem::create_directory(mount_point);
    if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=600k") != 0)
        GTEST_SKIP() << "SKIPPED: mounting a tmpfs needs root";
    {
        auto opened = store::sqlite::SqliteStore::open(mount_point / "ca.db", options_, log_);
        ASSERT_TRUE(opened) << opened.error().describe();
        store_ = std::move(opened).value();
        Error refusal{ErrorCode::internal};
        auto acknowledged = fill(1, 2000, refusal);
        EXPECT_EQ(refusal.code(), ErrorCode::storage);
        EXPECT_FALSE(store().healthy());
        expect_exactly(acknowledged);
        EXPECT_EQ(::mount("tmpfs", mount_point.c_str(), "tmpfs", MS_REMOUNT, "size=4m"), 0);
        acknowledged.push_back(intend(5000));
        EXPECT_TRUE(store().healthy());
        expect_exactly(acknowledged);
    }
    close();
    EXPECT_EQ(::umount(mount_point.c_str()), 0);
}

TEST_F(SqliteDisk, ThatTurnedReadOnlyRefusesAndResumes) {
    const auto mount_point = folder_ / "small";
    std::filesystem::create_directory(mount_point);
    if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=8m") != 0)
        GTEST_SKIP() << "SKIPPED: mounting a tmpfs needs root";
    {
        auto opened = store::sqlite::SqliteStore::open(mount_point / "ca.db", options_, log_);
        ASSERT_TRUE(opened) << opened.error().describe();
        store_ = std::move(opened).value();
        const auto first = intend(1);
        close();
        // While it is open a file system cannot turn; a store that is opened then is refused at once.
        ASSERT_EQ(::mount("tmpfs", mount_point.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
        const auto refused = store::sqlite::SqliteStore::open(mount_point / "ca.db", options_, log_);
        EXPECT_FALSE(refused);
        ASSERT_EQ(::mount("tmpfs", mount_point.c_str(), "tmpfs", MS_REMOUNT, ""), 0);
        auto again = store::sqlite::SqliteStore::open(mount_point / "ca.db", options_, log_);
        ASSERT_TRUE(again) << again.error().describe();
        store_ = std::move(again).value();
        EXPECT_TRUE(store().certificate(first.serial));
        intend(2);
    }
    close();
    EXPECT_EQ(::umount(mount_point.c_str()), 0);
}

TEST_F(SqliteDisk, RefusesAFileThatItMayNotWrite) {
    open();
    issue(1);
    close();
    if (::geteuid() == 0) {
        // Root writes what it may not: it becomes somebody else for this.
        const pid_t child = ::fork();
        if (child == 0) {
            std::filesystem::permissions(folder_, std::filesystem::perms{0555});
            std::filesystem::permissions(file(), std::filesystem::perms{0444});
            if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
            const auto opened = try_open();
            ::_exit(!opened && opened.error().code() == ErrorCode::storage ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(WEXITSTATUS(status), 0);
    } else {
        std::filesystem::permissions(file(), std::filesystem::perms{0444});
        const auto opened = try_open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code(), ErrorCode::storage);
    }
    std::filesystem::permissions(folder_, std::filesystem::perms{0755});
    std::filesystem::permissions(file(), std::filesystem::perms{0600});
    open();
}

TEST_F(SqliteDisk, ThatAnotherProcessHoldsLockedRefusesAfterTheTimeout) {
    options_.busy_timeout = std::chrono::milliseconds{50};
    open();
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open_v2(file().c_str(), &other, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto refused = store().intend(intent_of(1), event_of(audit::EventKind::certificate_intended));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::storage);
    EXPECT_FALSE(store().healthy());
    EXPECT_TRUE(store().audit_head());  // reading goes on
    ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    intend(1);
    EXPECT_TRUE(store().healthy());
}

}  // namespace
}  // namespace sealwright::contract
