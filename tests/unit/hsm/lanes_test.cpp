#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "hsm/signing_lanes.hpp"

namespace sealwright::hsm {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Gate holds jobs until it opens.
class Gate {
public:
    void open() {
        {
            const std::scoped_lock lock{mutex_};
            open_ = true;
        }
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

struct Tally {
    std::atomic<int> ran{0}, refused{0}, overran{0};
    std::atomic<int> last_code{0};
};

class Job final : public LaneJob {
public:
    Job(Tally& tally, Gate* gate, milliseconds deadline)
        : LaneJob(SteadyClock::now() + deadline), tally_(tally), gate_(gate) {}
    void run() noexcept override {
        if (gate_ != nullptr) gate_->pass();
        ++tally_.ran;
    }
    void refuse(const Error& why) noexcept override {
        tally_.last_code = static_cast<int>(why.code());
        ++tally_.refused;
    }
    void overrun() noexcept override { ++tally_.overran; }

private:
    Tally& tally_;
    Gate* gate_;
};

std::vector<std::shared_ptr<LaneJob>> jobs(Tally& tally, int count, Gate* gate = nullptr,
                                           milliseconds deadline = milliseconds{60000}) {
    std::vector<std::shared_ptr<LaneJob>> list;
    for (int i = 0; i < count; ++i) list.push_back(std::make_shared<Job>(tally, gate, deadline));
    return list;
}

template <class Condition>
bool eventually(Condition&& condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(milliseconds{10});
    }
    return false;
}

TEST(Lanes, RunEveryJobOnce) {
    NullLog log;
    Tally tally;
    SigningLanes lanes{{3, 1024, milliseconds{60000}}, log};
    for (int i = 0; i < 50; ++i) lanes.submit(jobs(tally, 7));
    EXPECT_TRUE(eventually([&] { return tally.ran == 350; }));
    EXPECT_TRUE(lanes.stop(milliseconds{5000}));
    EXPECT_EQ(tally.refused, 0);
}

TEST(Lanes, RefuseWhatDoesNotFitTheQueue) {
    NullLog log;
    Tally tally;
    Gate gate;
    SigningLanes lanes{{1, 5, milliseconds{60000}}, log};
    lanes.submit(jobs(tally, 1, &gate));
    ASSERT_TRUE(eventually([&] { return lanes.waiting() == 0; }));
    lanes.submit(jobs(tally, 8));
    EXPECT_EQ(tally.refused, 3);
    EXPECT_EQ(tally.last_code, static_cast<int>(ErrorCode::overloaded));
    gate.open();
    EXPECT_TRUE(eventually([&] { return tally.ran == 6; }));
}

TEST(Lanes, RefuseAJobThatWaitedPastItsDeadline) {
    NullLog log;
    Tally tally;
    Gate gate;
    SigningLanes lanes{{1, 10, milliseconds{60000}}, log};
    lanes.submit(jobs(tally, 1, &gate));
    lanes.submit(jobs(tally, 2, nullptr, milliseconds{1}));
    lanes.submit(jobs(tally, 1));
    std::this_thread::sleep_for(milliseconds{20});
    gate.open();
    EXPECT_TRUE(eventually([&] { return tally.ran == 2 && tally.refused == 2; }));
    EXPECT_EQ(tally.last_code, static_cast<int>(ErrorCode::overloaded));
}

TEST(Lanes, ReplaceALaneThatHangsAndTakeItBack) {
    NullLog log;
    Tally tally;
    Gate gate;
    SigningLanes lanes{{1, 10, milliseconds{50}}, log};
    lanes.submit(jobs(tally, 1, &gate));
    EXPECT_TRUE(eventually([&] { return tally.overran == 1 && lanes.lost() == 1; }));
    lanes.submit(jobs(tally, 3));
    EXPECT_TRUE(eventually([&] { return tally.ran == 3; }));
    gate.open();
    EXPECT_TRUE(eventually([&] { return tally.ran == 4 && lanes.lost() == 0; }));
    EXPECT_EQ(tally.overran, 1);
    EXPECT_TRUE(lanes.stop(milliseconds{5000}));
}

TEST(Lanes, SayWhenALaneStillHangsAtTheEnd) {
    NullLog log;
    Tally tally;
    Gate gate;
    {
        SigningLanes lanes{{1, 10, milliseconds{60000}}, log};
        lanes.submit(jobs(tally, 1, &gate));
        lanes.submit(jobs(tally, 1));
        ASSERT_TRUE(eventually([&] { return lanes.waiting() == 1; }));
        EXPECT_FALSE(lanes.stop(milliseconds{50}));
        EXPECT_EQ(tally.refused, 1);
        EXPECT_EQ(tally.last_code, static_cast<int>(ErrorCode::unavailable));
        gate.open();
        EXPECT_TRUE(lanes.stop(milliseconds{5000}));
    }
    EXPECT_EQ(tally.ran, 1);
}

}  // namespace
}  // namespace sealwright::hsm
