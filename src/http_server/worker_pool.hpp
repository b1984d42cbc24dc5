// worker_pool.hpp: a fixed number of threads behind a bounded queue, on which blocking handlers run. A full queue
// refuses instead of growing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace sealwright::http_server {

class WorkerPool {
public:
    // name becomes the threads' name (at most 15 octets are shown by the system).
    WorkerPool(std::string name, std::size_t threads, std::size_t max_queued);
    ~WorkerPool();  // as stop()
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    // try_post queues a task and gives true, or gives false at once when the queue is full or the pool stops. A task
    // must not throw. Thread-safe.
    bool try_post(std::function<void()> task);
    // stop runs what is queued, takes nothing more, and waits for the threads. Not from a task.
    void stop();

    std::size_t queued() const;
    std::size_t running() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sealwright::http_server
