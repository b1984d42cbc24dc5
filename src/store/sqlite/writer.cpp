#include "store/sqlite/writer.hpp"

#include <algorithm>

#include "base/boundary.hpp"
#include "base/one_shot.hpp"

namespace sealwright::store::sqlite {

// Waiting is one caller: its change, its answer, and what it sleeps on. Shared, because the writer may still be waking
// it when it has gone.
struct Writer::Waiting {
    explicit Waiting(Change& its_change) : change(&its_change) {}
    void answer(std::optional<Error> with) {
        error = std::move(with);
        answered.fire();
    }
    Change* change;
    std::optional<Error> error;  // the caller's from answered on
    OneShot answered;
};

// Attempt is what became of one try at a batch.
struct Writer::Attempt {
    std::vector<std::optional<Error>> refusals;  // one for each change; none for those that were applied
    std::size_t applied = 0;
    std::optional<std::size_t> spoiled_by;  // the change that failed after it had written
    std::optional<Error> failure;           // of the transaction: nothing was changed
};

Writer::Writer(Connection connection, const Options& options, Log& log)
    : connection_(std::move(connection)), options_(options), log_(log) {
    thread_ = std::thread{[this] { serve(); }};
}

Writer::~Writer() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    arrival_.notify_one();
    thread_.join();
}

Result<void> Writer::commit(Change& change) {
    auto waiting = std::make_shared<Waiting>(change);
    {
        const std::lock_guard lock{mutex_};
        if (stopping_) return fail(ErrorCode::unavailable, "the store is closing");
        if (queue_.size() >= options_.max_waiting)
            return fail(ErrorCode::overloaded, "too many requests wait for the store");
        queue_.push_back(waiting);
        if (queue_.size() >= wake_at_) arrival_.notify_one();
    }
    waiting->answered.wait();
    if (waiting->error) return std::move(*waiting->error);
    return success();
}

void Writer::serve() {
    for (;;) {
        Batch batch = take_batch();
        if (batch.empty()) return;
        commit_batch(std::move(batch));
        // After the callers are awake again: copying the WAL back is nobody's latency but the next batch's.
        connection_.checkpoint(options_.checkpoint_pages);
    }
}

// take_batch waits for work and takes what waits. Where recent batches were larger it lingers for as many again: one
// sync for eight callers costs half the processor time of eight syncs. A lone caller is never kept waiting. Empty when
// the store closes.
Writer::Batch Writer::take_batch() {
    std::unique_lock lock{mutex_};
    wake_at_ = 1;
    arrival_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    // The quarter lets the mean of equal batches reach their size; one alone stays one.
    const std::size_t wanted = std::min(static_cast<std::size_t>(expected_ + 0.25), options_.max_batch);
    if (!stopping_ && queue_.size() < wanted) {
        wake_at_ = wanted;
        arrival_.wait_for(lock, options_.group_delay, [this, wanted] { return stopping_ || queue_.size() >= wanted; });
    }
    if (stopping_) {
        for (const auto& waiting : queue_) waiting->answer(fail(ErrorCode::unavailable, "the store is closing"));
        queue_.clear();
        return {};
    }
    const std::size_t count = std::min(queue_.size(), options_.max_batch);
    Batch batch(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    expected_ = 0.75 * expected_ + 0.25 * static_cast<double>(count);
    // Who was waited for in vain is not expected again so soon.
    if (count < wanted) expected_ = std::min(expected_, static_cast<double>(count));
    return batch;
}

void Writer::commit_batch(Batch batch) {
    while (!batch.empty()) {
        Attempt tried = attempt(batch);
        if (tried.spoiled_by) {
            const auto spoiler = batch.begin() + static_cast<std::ptrdiff_t>(*tried.spoiled_by);
            log_.error("store", "a change failed after it had written and was taken out: " +
                                    tried.refusals[*tried.spoiled_by]->describe());
            (*spoiler)->answer(std::move(tried.refusals[*tried.spoiled_by]));
            batch.erase(spoiler);
            continue;
        }
        if (tried.failure) {
            became_unhealthy(*tried.failure);
            for (const auto& waiting : batch) waiting->answer(*tried.failure);
            return;
        }
        if (tried.applied > 0) became_healthy();
        for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->answer(std::move(tried.refusals[i]));
        return;
    }
}

Writer::Attempt Writer::attempt(const Batch& batch) {
    Attempt tried;
    tried.refusals.resize(batch.size());
    connection_.mend();
    try {
        auto applied = connection_.execute("BEGIN IMMEDIATE");
        if (applied) applied = apply(batch, tried);
        if (!applied) tried.failure = std::move(applied).error();
    } catch (const std::exception& exception) {
        tried.failure =
            fail(ErrorCode::storage, "the store could not be written", std::string{"exception: "} + exception.what());
    }
    if (connection_.in_transaction()) roll_back();
    return tried;
}

// apply does each change, then the audit log and the site for all of them, and commits unless there is nothing to
// commit.
Result<void> Writer::apply(const Batch& batch, Attempt& attempt) {
    SEALWRIGHT_TRY(auto site, load_site(connection_));
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::int64_t written_before = connection_.total_changes();
        auto done = apply_one(*batch[i]->change, site);
        if (done) {
            ++attempt.applied;
            continue;
        }
        if (connection_.broken()) return std::move(done).error();
        attempt.refusals[i] = std::move(done).error();
        if (connection_.total_changes() != written_before) {
            attempt.spoiled_by = i;
            return success();
        }
    }
    return attempt.applied == 0 ? Result<void>{success()} : seal(batch, attempt, site);
}

Result<void> Writer::apply_one(Change& change, Site& site) {
    using enum Change::ClockRule;
    if (change.clock_rule == not_before_last_commit && change.now + options_.clock_tolerance < site.committed_at) {
        return fail(ErrorCode::clock, "the clock went back",
                    "it shows " + to_rfc3339(change.now) + ", last committed at " + to_rfc3339(site.committed_at));
    }
    SEALWRIGHT_TRY(do_work(change));
    if (change.clock_rule == becomes_last_commit) site.committed_at = change.now;
    if (change.clock_rule == not_before_last_commit) site.committed_at = std::max(site.committed_at, change.now);
    return success();
}

// do_work: an exception is the fault of this change and not of the others.
Result<void> Writer::do_work(Change& change) {
    try {
        return change.work(connection_);
    } catch (const std::exception& exception) {
        return fail(ErrorCode::internal, "the change could not be made", std::string{"exception: "} + exception.what());
    }
}

Result<void> Writer::seal(const Batch& batch, const Attempt& attempt, Site& site) {
    std::vector<std::string_view> boundaries;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (attempt.refusals[i]) continue;
        const Change& change = *batch[i]->change;
        for (const PreparedLeaf& leaf : change.leaves) {
            SEALWRIGHT_TRY(append_leaf(connection_, site.range, leaf));
        }
        const bool known = std::find(boundaries.begin(), boundaries.end(), change.boundary) != boundaries.end();
        if (!change.boundary.empty() && !known) boundaries.push_back(change.boundary);
    }
    SEALWRIGHT_TRY(save_site(connection_, site));
    for (const std::string_view boundary : boundaries) at_boundary(boundary);
    return connection_.run("COMMIT");
}

void Writer::roll_back() {
    if (auto undone = connection_.execute("ROLLBACK"); !undone)
        log_.error("store", "a transaction could not be rolled back: " + undone.error().describe());
}

void Writer::became_unhealthy(const Error& error) {
    if (healthy_.exchange(false)) log_.error("store", "the store cannot be written: " + error.describe());
}

void Writer::became_healthy() {
    if (!healthy_.exchange(true)) log_.info("store", "the store can be written again");
}

}  // namespace sealwright::store::sqlite
