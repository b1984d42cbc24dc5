// one_shot.hpp: an event that happens once and that one thread sleeps on. It costs one system call on either side: a
// condition variable costs its waiter two more (its mutex comes back marked as contended), and std::binary_semaphore
// spins before it sleeps, which a wait for a disk or a token never pays back.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <chrono>

namespace sealwright {

// OneShot: fire is called at most once, by any thread; everything before it is seen by the waiter. The object must
// outlive both calls: share it, since fire may still run when wait has returned.
class OneShot {
public:
    OneShot() noexcept { ::sem_init(&semaphore_, 0, 0); }
    ~OneShot() { ::sem_destroy(&semaphore_); }
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;

    void fire() noexcept {
        fired_.store(true, std::memory_order_release);
        ::sem_post(&semaphore_);
    }
    bool has_fired() const noexcept { return fired_.load(std::memory_order_acquire); }

    void wait() noexcept {
        while (::sem_wait(&semaphore_) != 0 && errno == EINTR) {
        }
        (void)has_fired();
    }

    // wait_until gives false when the deadline passes first.
    bool wait_until(std::chrono::steady_clock::time_point deadline) noexcept {
        using std::chrono::duration_cast;
        const auto since = deadline.time_since_epoch();
        const auto seconds = duration_cast<std::chrono::seconds>(since);
        timespec until{};
        until.tv_sec = static_cast<time_t>(seconds.count());
        until.tv_nsec = static_cast<long>(duration_cast<std::chrono::nanoseconds>(since - seconds).count());
        for (;;) {
            if (::sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until) == 0) return has_fired();
            if (errno != EINTR) return false;
        }
    }

private:
    sem_t semaphore_;
    // POSIX orders memory by the semaphore; this says the same in the language's own terms, to compilers and analysers.
    std::atomic<bool> fired_{false};
};

}  // namespace sealwright
