#include "hsm/signing_lanes.hpp"

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

namespace sealwright::hsm {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kRoom = "lanes";
constexpr std::chrono::milliseconds kWatchInterval{100};

}  // namespace

struct SigningLanes::State : std::enable_shared_from_this<SigningLanes::State> {
    struct Lane {
        std::shared_ptr<LaneJob> job;  // running now
        SteadyClock::time_point since;
        bool lost = false;
        bool ended = false;
    };

    State(const Options& chosen, Log& used) : options(chosen), log(used) {}

    void start_lane();
    void work(const std::shared_ptr<Lane>& lane);
    void watch();
    void give_up_overrunning(std::unique_lock<std::mutex>& lock);
    std::size_t living() const;

    const Options options;
    Log& log;

    mutable std::mutex mutex;
    std::condition_variable arrived;
    std::condition_variable ended;
    std::deque<std::shared_ptr<LaneJob>> queue;
    std::list<std::shared_ptr<Lane>> lanes;
    unsigned lost = 0;
    bool stopping = false;
    std::thread watchdog;
};

void SigningLanes::State::start_lane() {
    auto lane = std::make_shared<Lane>();
    lanes.push_back(lane);
    std::thread{[self = shared_from_this(), lane] { self->work(lane); }}.detach();
}

std::size_t SigningLanes::State::living() const {
    return static_cast<std::size_t>(
        std::count_if(lanes.begin(), lanes.end(), [](const auto& lane) { return !lane->ended; }));
}

void SigningLanes::State::work(const std::shared_ptr<Lane>& lane) {
    std::unique_lock lock{mutex};
    while (!lane->lost) {
        arrived.wait(lock, [&] { return stopping || !queue.empty(); });
        if (queue.empty()) break;
        lane->job = std::move(queue.front());
        queue.pop_front();
        lane->since = SteadyClock::now();
        const bool too_late = lane->job->deadline() <= lane->since;
        const std::shared_ptr<LaneJob> job = lane->job;
        lock.unlock();
        if (too_late) {
            job->refuse(fail(ErrorCode::overloaded, "the request waited longer than its deadline"));
        } else {
            job->run();
        }
        lock.lock();
        lane->job.reset();
    }
    if (lane->lost) --lost;
    lane->ended = true;
    lanes.remove(lane);
    ended.notify_all();
}

void SigningLanes::State::give_up_overrunning(std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<LaneJob>> overrunning;
    const auto now = SteadyClock::now();
    for (const auto& lane : lanes) {
        if (lane->lost || !lane->job || now - lane->since < options.overrun) continue;
        lane->lost = true;
        ++lost;
        overrunning.push_back(lane->job);
    }
    for (std::size_t i = 0; i < overrunning.size() && lanes.size() < 2 * std::size_t{options.lanes}; ++i) start_lane();
    if (overrunning.empty()) return;
    const unsigned now_lost = lost;
    lock.unlock();
    log.error(kRoom, std::to_string(now_lost) + " lanes hang in the token");
    for (const auto& job : overrunning) job->overrun();
    lock.lock();
}

void SigningLanes::State::watch() {
    std::unique_lock lock{mutex};
    while (!stopping) {
        ended.wait_for(lock, kWatchInterval, [&] { return stopping; });
        if (!stopping) give_up_overrunning(lock);
    }
}

SigningLanes::SigningLanes(const Options& options, Log& log) : state_(std::make_shared<State>(options, log)) {
    const std::scoped_lock lock{state_->mutex};
    for (unsigned i = 0; i < options.lanes; ++i) state_->start_lane();
    state_->watchdog = std::thread{[state = state_] { state->watch(); }};
}

SigningLanes::~SigningLanes() { stop(std::chrono::milliseconds{1000}); }

void SigningLanes::submit(std::vector<std::shared_ptr<LaneJob>> jobs) {
    std::vector<std::shared_ptr<LaneJob>> refused;
    bool stopped = false;
    std::size_t taken = 0;
    {
        const std::scoped_lock lock{state_->mutex};
        stopped = state_->stopping;
        for (auto& job : jobs) {
            if (stopped || state_->queue.size() >= state_->options.max_waiting) {
                refused.push_back(std::move(job));
            } else {
                state_->queue.push_back(std::move(job));
                ++taken;
            }
        }
    }
    if (taken == 1) {
        state_->arrived.notify_one();
    } else if (taken > 1) {
        state_->arrived.notify_all();
    }
    const Error why = stopped ? fail(ErrorCode::unavailable, "the signer is stopping")
                              : fail(ErrorCode::overloaded, "too many signatures are waiting");
    for (const auto& job : refused) job->refuse(why);
}

bool SigningLanes::stop(std::chrono::milliseconds patience) {
    std::deque<std::shared_ptr<LaneJob>> waiting;
    {
        const std::scoped_lock lock{state_->mutex};
        state_->stopping = true;
        waiting.swap(state_->queue);
    }
    state_->arrived.notify_all();
    state_->ended.notify_all();
    if (state_->watchdog.joinable()) state_->watchdog.join();
    for (const auto& job : waiting) job->refuse(fail(ErrorCode::unavailable, "the signer is stopping"));
    std::unique_lock lock{state_->mutex};
    return state_->ended.wait_for(lock, patience, [&] { return state_->living() == 0; });
}

unsigned SigningLanes::lost() const noexcept {
    const std::scoped_lock lock{state_->mutex};
    return state_->lost;
}

std::size_t SigningLanes::waiting() const noexcept {
    const std::scoped_lock lock{state_->mutex};
    return state_->queue.size();
}

}  // namespace sealwright::hsm
