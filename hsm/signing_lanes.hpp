// signing_lanes.hpp: a fixed number of threads that ask a token one thing each, behind a bounded queue. A token call
// blocks and can hang for ever; nothing else in a program should wait for one.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"

namespace sealwright::hsm {

// LaneJob is one call to a token. Exactly one of run and refuse is called, once; overrun can be called while run still
// runs.
class LaneJob {
public:
    explicit LaneJob(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}
    virtual ~LaneJob() = default;
    LaneJob(const LaneJob&) = delete;
    LaneJob& operator=(const LaneJob&) = delete;

    // run asks the token, on a lane's thread.
    virtual void run() noexcept = 0;
    // refuse says that run was never and will never be called: the deadline passed in the queue (overloaded) or the
    // lanes stop (unavailable).
    virtual void refuse(const Error& why) noexcept = 0;
    // overrun says that run has not returned for longer than the lanes' limit and its lane is given up; run may still
    // return later. On another thread than run, at most once.
    virtual void overrun() noexcept = 0;

    std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }

private:
    const std::chrono::steady_clock::time_point deadline_;
};

// SigningLanes: thread-safe. A lane whose job overruns is lost: another takes its place (at most as many again as there
// are lanes), and it ends when its job returns after all.
class SigningLanes {
public:
    struct Options {
        unsigned lanes = 4;
        std::size_t max_waiting = 1024;
        std::chrono::milliseconds overrun{10000};
    };

    SigningLanes(const Options& options, Log& log);
    // The destructor stops; a lane that hangs in its token is left behind.
    ~SigningLanes();
    SigningLanes(const SigningLanes&) = delete;
    SigningLanes& operator=(const SigningLanes&) = delete;

    // submit puts jobs into the queue, in order; those that do not fit are refused as overloaded.
    void submit(std::vector<std::shared_ptr<LaneJob>> jobs);

    // stop refuses what waits and lets what runs end, for at most patience; false when a lane still hangs then.
    bool stop(std::chrono::milliseconds patience);

    // lost counts the lanes that hang now; waiting the jobs in the queue.
    unsigned lost() const noexcept;
    std::size_t waiting() const noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the threads: one that hangs outlives this object
};

}  // namespace sealwright::hsm
