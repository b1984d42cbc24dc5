// The named moments of the store: inside the transaction, everything written, nothing committed. This file defines
// at_boundary for its program.
#include <thread>

#include "base/boundary.hpp"
#include "tests/contract/sqlite/home.hpp"

namespace sealwright {
namespace {

std::mutex hook_mutex;
std::function<void(std::string_view)> hook;  // guarded by hook_mutex

}  // namespace

void at_boundary(std::string_view name) noexcept {
    const std::lock_guard lock{hook_mutex};
    if (hook) hook(name);
}

namespace contract {
namespace {

class Boundaries : public SqliteStoreTest {
protected:
    Boundaries() {
        open();
        set_hook([this](std::string_view name) {
            passed_.emplace_back(name);
            // Another connection sees the state before: nothing of the transaction is committed.
            heads_.push_back(number_in_file("SELECT audit_size FROM site"));
        });
    }
    ~Boundaries() override { set_hook({}); }
    static void set_hook(std::function<void(std::string_view)> next) {
        const std::lock_guard lock{hook_mutex};
        hook = std::move(next);
    }

    using Names = std::vector<std::string>;
    Names passed_;
    std::vector<std::int64_t> heads_;
};

TEST_F(Boundaries, StandJustBeforeTheCommitOfEachKind) {
    const auto intent = intend(1);
    EXPECT_EQ(passed_, Names{std::string{boundary::kIntendBegun}});
    const auto completed = store().complete(completion_of(intent), event_of(audit::EventKind::certificate_issued));
    ASSERT_TRUE(completed);
    EXPECT_EQ(passed_.back(), boundary::kCompleteBegun);
    ASSERT_TRUE(store().revoke(intent.serial, {at(1), x509::RevocationReason::superseded, {}},
                               event_of(audit::EventKind::certificate_revoked)));
    EXPECT_EQ(passed_.back(), boundary::kRevokeBegun);
    EXPECT_EQ(passed_.size(), 3U);
    EXPECT_EQ(heads_, (std::vector<std::int64_t>{0, 1, 2}));
    ASSERT_TRUE(store().record(event_of(audit::EventKind::profile_loaded), at(1)));
    EXPECT_EQ(passed_.size(), 3U);
}

TEST_F(Boundaries, AreNotPassedByARefusal) {
    intend(1);
    EXPECT_FALSE(store().intend(intent_of(1), event_of(audit::EventKind::certificate_intended)));
    EXPECT_EQ(passed_.size(), 1U);
}

TEST_F(Boundaries, ArePassedOnceForABatch) {
    // The first intent's boundary holds the writer up until the others wait.
    std::atomic<bool> held{false}, go{false};
    std::atomic<int> passed{0};
    set_hook([&](std::string_view) {
        ++passed;
        held = true;
        while (!go) std::this_thread::yield();
    });
    std::vector<std::thread> threads;
    threads.emplace_back([&] { intend(1); });
    while (!held) std::this_thread::yield();
    for (std::uint64_t number = 2; number <= 9; ++number) threads.emplace_back([this, number] { intend(number); });
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    go = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(passed, 2);
    EXPECT_EQ(store().audit_head().value().size, 9U);
}

}  // namespace
}  // namespace contract
}  // namespace sealwright
