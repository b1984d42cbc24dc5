// session_registry.hpp: the sessions that live now, so that they can be counted, drained and, when there are too many,
// evicted. Private to this room.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sealwright::http_server {

// SessionControl is what others may ask of a session. Thread-safe.
class SessionControl {
public:
    virtual ~SessionControl() = default;
    // drain ends the session as soon as no request is under way.
    virtual void drain() = 0;
    // cut ends it now.
    virtual void cut() = 0;

    // idle_since is when the session began to wait for a request, in ticks of the steady clock; 0 while it is busy.
    std::int64_t idle_since() const noexcept { return idle_since_.load(std::memory_order_relaxed); }

protected:
    void set_idle(bool idle) noexcept {
        idle_since_.store(idle ? std::chrono::steady_clock::now().time_since_epoch().count() : 0,
                          std::memory_order_relaxed);
    }

private:
    std::atomic<std::int64_t> idle_since_{0};
};

// SessionRegistry is thread-safe. It does not keep sessions alive: a session removes itself when it ends.
class SessionRegistry {
public:
    void add(std::uint64_t id, std::weak_ptr<SessionControl> session);
    void remove(std::uint64_t id);
    std::size_t size() const;
    // evict_idle drains the session that has been idle longest; false where none is.
    bool evict_idle();
    void for_each(const std::function<void(SessionControl&)>& visit);
    // wait_until_empty is true when no session is left.
    bool wait_until_empty(std::chrono::milliseconds patience);

private:
    std::vector<std::shared_ptr<SessionControl>> living() const;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::unordered_map<std::uint64_t, std::weak_ptr<SessionControl>> sessions_;
};

}  // namespace sealwright::http_server
