// task_queue.hpp: what waits for the tokens: which token gets which task, what may be asked for again, and how each
// task ends. It trusts the locations' states and changes none: whether a token's process lives or dies is decided by
// locations.hpp, which also has the lock.
#pragma once

#include <deque>
#include <functional>

#include "base/log.hpp"
#include "hsm/signer_process/location.hpp"

namespace sealwright::hsm::signer_process {

// TaskQueue: not thread-safe; every call is made under the lock of the locations.
class TaskQueue {
public:
    using Tasks = std::vector<std::shared_ptr<TokenTask>>;
    // Endings are what tasks are told once the lock is free: they write to sockets and take other locks.
    using Endings = std::vector<std::function<void()>>;
    // Says is what an answer says of the token that gave it.
    enum class Says { healthy, nothing, failing, nonsense };
    // Lost counts what was under way in a process that is gone.
    struct Lost {
        std::size_t unknown = 0, again = 0;
    };

    // locations and log outlive this; locations keep their places.
    TaskQueue(std::vector<Location>& locations, std::size_t max_waiting, Log& log)
        : locations_(locations), max_waiting_(max_waiting), log_(log) {}

    // submit takes tasks in order; those that do not fit are refused as overloaded, those that no token can do
    // as unavailable.
    void submit(Tasks tasks, Endings& endings);
    // pump hands out what there is room for, in order; a task whose tokens are busy or down lets others pass.
    void pump(Endings& endings);
    // refuse_late ends what waited longer than its deadline, or for tokens that do not come back.
    void refuse_late(SteadyTime now, Endings& endings);
    // stop refuses what waits, and from now on all that comes.
    void stop(Endings& endings);

    // take ends the task of an answer, or has it wait again.
    Says take(Location& location, const TokenResult& result, Endings& endings);
    // take_back takes all that was under way in a process that is gone: what the token was surely not asked for waits
    // again, before all others; the rest ends as unknown.
    Lost take_back(Location& location, Endings& endings);

    std::size_t size() const noexcept { return waiting_.size(); }
    bool is_empty() const noexcept { return waiting_.empty(); }

private:
    Location* choose(const TokenTask& task, SteadyTime now, bool& is_saturated);
    bool is_hopeless(const TokenTask& task, SteadyTime now) const;
    Error why_hopeless() const;
    void put_back(Tasks tasks, Endings& endings);
    Says take_failure(Location& location, std::shared_ptr<TokenTask> task, const Error& error, Endings& endings);

    std::vector<Location>& locations_;
    const std::size_t max_waiting_;
    Log& log_;
    std::deque<std::shared_ptr<TokenTask>> waiting_;
    bool is_stopping_ = false;
};

}  // namespace sealwright::hsm::signer_process
