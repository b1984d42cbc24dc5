#include "http_server/worker_pool.hpp"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace sealwright::http_server {

struct WorkerPool::State {
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::function<void()>> queue;
    std::size_t max_queued = 0, running = 0;
    bool stopping = false;
    std::vector<std::thread> threads;

    void work() {
        std::unique_lock lock{mutex};
        for (;;) {
            wake.wait(lock, [&] { return stopping || !queue.empty(); });
            if (queue.empty()) return;
            {
                const auto task = std::move(queue.front());
                queue.pop_front();
                ++running;
                lock.unlock();
                task();
            }  // what the task owns is given up before the lock is taken again
            lock.lock();
            --running;
        }
    }
};

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t max_queued)
    : state_(std::make_unique<State>()) {
    state_->max_queued = max_queued;
    for (std::size_t i = 0; i < threads; ++i) {
        state_->threads.emplace_back([state = state_.get()] { state->work(); });
        ::pthread_setname_np(state_->threads.back().native_handle(), name.substr(0, 15).c_str());
    }
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::try_post(std::function<void()> task) {
    {
        const std::lock_guard lock{state_->mutex};
        if (state_->stopping || state_->queue.size() >= state_->max_queued) return false;
        state_->queue.push_back(std::move(task));
    }
    state_->wake.notify_one();
    return true;
}

void WorkerPool::stop() {
    {
        const std::lock_guard lock{state_->mutex};
        state_->stopping = true;
    }
    state_->wake.notify_all();
    for (auto& thread : state_->threads) {
        if (thread.joinable()) thread.join();
    }
}

std::size_t WorkerPool::queued() const {
    const std::lock_guard lock{state_->mutex};
    return state_->queue.size();
}

std::size_t WorkerPool::running() const {
    const std::lock_guard lock{state_->mutex};
    return state_->running;
}

}  // namespace sealwright::http_server
