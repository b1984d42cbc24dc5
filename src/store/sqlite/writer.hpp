// writer.hpp: the one thread that writes. Whatever waits when it comes by goes into one transaction with one sync
// (group commit).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/sqlite/audit_log.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace sealwright::store::sqlite {

// Change is one mutating verb. work refuses before it writes anything; the writer holds it to that: a change that fails
// after it has written is taken out, and the others of its transaction are done again without it.
struct Change {
    enum class ClockRule { none, not_before_last_commit, becomes_last_commit };

    ClockRule clock_rule = ClockRule::not_before_last_commit;
    UtcTime now{};
    std::string_view boundary;         // named moment just before the commit; empty for none
    std::vector<PreparedLeaf> leaves;  // work may set them
    std::function<Result<void>(Connection&)> work;
};

class Writer {
public:
    // options and log must outlive it.
    Writer(Connection connection, const Options& options, Log& log);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // commit blocks until the change is durable or refused. Thread-safe.
    Result<void> commit(Change& change);
    bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }

private:
    struct Waiting;
    using Batch = std::vector<std::shared_ptr<Waiting>>;
    struct Attempt;

    void serve();
    Batch take_batch();
    void commit_batch(Batch batch);
    Attempt attempt(const Batch& batch);
    Result<void> apply(const Batch& batch, Attempt& attempt);
    Result<void> apply_one(Change& change, Site& site);
    Result<void> do_work(Change& change);
    Result<void> seal(const Batch& batch, const Attempt& attempt, Site& site);
    void roll_back();
    void became_unhealthy(const Error& error);
    void became_healthy();

    Connection connection_;
    const Options& options_;
    Log& log_;

    std::mutex mutex_;
    std::condition_variable arrival_;
    std::deque<std::shared_ptr<Waiting>> queue_;  // guarded by mutex_
    std::size_t wake_at_ = 1;  // guarded by mutex_: length of the queue that the writer wants to be woken at
    bool stopping_ = false;    // guarded by mutex_
    double expected_ = 1;      // the writer's own: how many the recent batches had, smoothed
    std::atomic<bool> healthy_{true};
    std::thread thread_;
};

}  // namespace sealwright::store::sqlite
