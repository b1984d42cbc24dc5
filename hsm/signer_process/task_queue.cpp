#include "hsm/signer_process/task_queue.hpp"

#include "hsm/signer_process/log_rooms.hpp"

#include <algorithm>

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kRest{250};   // after an answer that says the device is not there
constexpr seconds kHopePatience{3};  // how long tasks wait for tokens that are all down

Error stopping() { return fail(ErrorCode::unavailable, "the signer is stopping"); }

Error late() { return fail(ErrorCode::overloaded, "the request waited longer than its deadline"); }

Error no_more() { return fail(ErrorCode::denied, "the connection or the boot epoch of this request is no more"); }

// of_token: the limits allowed the request and the journal took it; what the token denies is no refusal of it.
Error of_token(const Error& error) {
    if (error.code() != ErrorCode::denied && error.code() != ErrorCode::conflict) return error;
    return fail(ErrorCode::token, "the token refused", error.describe());
}

}  // namespace

Location* TaskQueue::choose(const TokenTask& task, SteadyTime now, bool& is_saturated) {
    is_saturated = true;
    Location* chosen = nullptr;
    std::size_t best = SIZE_MAX;
    for (Location& location : locations_) {
        if (location.state != LocationState::up || location.rest_until > now) continue;
        if (location.room() == 0 && !location.is_refilling()) continue;
        is_saturated = is_saturated && location.room() == 0;
        const auto rank = location.rank(task);
        if (!rank || *rank >= best) continue;
        best = *rank;
        chosen = &location;
    }
    // The next best token is not asked because the best one takes no packets of one.
    return chosen != nullptr && chosen->room() > 0 ? chosen : nullptr;
}

void TaskQueue::pump(Endings& endings) {
    const auto now = SteadyClock::now();
    std::deque<std::shared_ptr<TokenTask>> passed;
    bool is_saturated = false;
    while (!waiting_.empty() && !is_saturated) {
        auto task = std::move(waiting_.front());
        waiting_.pop_front();
        if (!task->is_wanted()) {
            endings.emplace_back([task] { task->refuse(no_more()); });
            continue;
        }
        Location* location = choose(*task, now, is_saturated);
        if (location != nullptr) {
            location->assign(std::move(task));
        } else {
            passed.push_back(std::move(task));
        }
    }
    waiting_.insert(waiting_.begin(), std::make_move_iterator(passed.begin()), std::make_move_iterator(passed.end()));
    for (Location& location : locations_) {
        if (location.state == LocationState::up) put_back(location.flush(), endings);
    }
}

// put_back queues again what was surely not asked, before all others. Nobody would hand it out any more while all
// stops.
void TaskQueue::put_back(Tasks tasks, Endings& endings) {
    if (is_stopping_) {
        for (auto& task : tasks) endings.emplace_back([task = std::move(task)] { task->refuse(stopping()); });
        return;
    }
    waiting_.insert(waiting_.begin(), std::make_move_iterator(tasks.begin()), std::make_move_iterator(tasks.end()));
}

// is_hopeless: nothing that could do the task is up, coming up, or was so a moment ago.
bool TaskQueue::is_hopeless(const TokenTask& task, SteadyTime now) const {
    return std::none_of(locations_.begin(), locations_.end(), [&](const Location& location) {
        if (location.state == LocationState::left_alone) return false;
        if (location.state == LocationState::up || location.state == LocationState::draining)
            return location.rank(task).has_value();
        return !location.down_since || now - *location.down_since < kHopePatience;
    });
}

Error TaskQueue::why_hopeless() const {
    std::string why;
    for (const Location& location : locations_) {
        if (why.empty() && location.last_failure) why = location.name() + ": " + location.last_failure->describe();
    }
    return fail(ErrorCode::unavailable, "no token with this key can be reached", why);
}

void TaskQueue::submit(Tasks tasks, Endings& endings) {
    const auto now = SteadyClock::now();
    for (auto& task : tasks) {
        std::optional<Error> why;
        if (is_stopping_) {
            why = stopping();
        } else if (waiting_.size() >= max_waiting_) {
            why = fail(ErrorCode::overloaded, "too many signatures are waiting");
        } else if (is_hopeless(*task, now)) {
            why = why_hopeless();
        }
        if (why) {
            endings.emplace_back([task, why] { task->refuse(*why); });
        } else {
            waiting_.push_back(std::move(task));
        }
    }
    pump(endings);
}

void TaskQueue::refuse_late(SteadyTime now, Endings& endings) {
    std::erase_if(waiting_, [&](std::shared_ptr<TokenTask>& task) {
        const bool is_late = task->deadline() <= now;
        if (!is_late && !is_hopeless(*task, now)) return false;
        const Error why = is_late ? late() : why_hopeless();
        endings.emplace_back([task = std::move(task), why] { task->refuse(why); });
        return true;
    });
}

void TaskQueue::stop(Endings& endings) {
    is_stopping_ = true;
    for (auto& task : waiting_) endings.emplace_back([task] { task->refuse(stopping()); });
    waiting_.clear();
}

// --- what came of them ---

TaskQueue::Says TaskQueue::take(Location& location, const TokenResult& result, Endings& endings) {
    const bool was_cancelled = location.was_cancelled(result);
    auto task = location.finish(result);
    if (!task) return Says::nonsense;
    if (result.error && result.error->code() == ErrorCode::expired && !was_cancelled)
        return take_failure(
            location, std::move(task),
            fail(ErrorCode::indeterminate, "the token's process says that a request was called back, which was not"),
            endings);
    if (result.error) return take_failure(location, std::move(task), *result.error, endings);
    endings.emplace_back([task = std::move(task), signature = bytes_of(result.signature)]() mutable {
        task->succeed(std::move(signature));
    });
    return Says::healthy;
}

TaskQueue::Says TaskQueue::take_failure(Location& location, std::shared_ptr<TokenTask> task, const Error& error,
                                        Endings& endings) {
    if (task->kind() == TokenTask::Kind::decrypt) {
        // Whoever made the ciphertext may have made the failure: it says nothing about the token, and is not tried
        // again.
        const Error why = error.code() == ErrorCode::expired ? no_more() : of_token(error);
        endings.emplace_back([task = std::move(task), why] { task->refuse(why); });
        return Says::nothing;
    }
    switch (error.code()) {
        case ErrorCode::indeterminate:
        case ErrorCode::timed_out:
            endings.emplace_back([task = std::move(task), error] { task->lose_sight(error); });
            return Says::failing;
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::conflict:
            if (task->is_proof()) break;
            // Surely not signed: the token, or another one, gets another chance before the deadline.
            log_.warning(kTokenRoom, location.name() + ": " + error.describe());
            location.rest_until = SteadyClock::now() + kRest;
            put_back({std::move(task)}, endings);
            return Says::failing;
        case ErrorCode::expired:
            endings.emplace_back([task = std::move(task)] { task->refuse(task->is_wanted() ? late() : no_more()); });
            return Says::nothing;
        default:
            break;
    }
    endings.emplace_back([task = std::move(task), why = of_token(error)] { task->refuse(why); });
    return Says::nothing;
}

TaskQueue::Lost TaskQueue::take_back(Location& location, Endings& endings) {
    Tasks again;
    Lost lost;
    for (const auto& one : location.abandon()) {
        const bool may_wait = !one.task->is_proof() && (one.surely_not_asked || one.task->survive_loss());
        if (may_wait) {
            again.push_back(one.task);
            continue;
        }
        ++lost.unknown;
        const Error why = one.is_hung
                              ? fail(ErrorCode::timed_out, "the token has not answered in time; it may have signed")
                              : fail(ErrorCode::indeterminate, "the token's process ended while it was signing");
        endings.emplace_back([task = one.task, why] { task->lose_sight(why); });
    }
    lost.again = again.size();
    put_back(std::move(again), endings);
    return lost;
}

}  // namespace sealwright::hsm::signer_process
