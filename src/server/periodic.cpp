#include "server/periodic.hpp"

#include <pthread.h>

namespace sealwright::server {

Periodic::Periodic(std::string name, Log& log, Work work)
    : name_(std::move(name)), log_(log), work_(std::move(work)), thread_([this] { run(); }) {
    ::pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
}

Periodic::~Periodic() { stop(); }

void Periodic::wake() {
    {
        const std::lock_guard lock{mutex_};
        woken_ = true;
    }
    changed_.notify_all();
}

void Periodic::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Periodic::run() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        woken_ = false;
        lock.unlock();
        std::chrono::milliseconds pause{std::chrono::minutes{1}};
        try {
            pause = work_();
        } catch (const std::exception& thrown) {
            log_.error(name_, std::string{"failed by exception: "} + thrown.what());
        }
        lock.lock();
        changed_.wait_for(lock, pause, [&] { return woken_ || stopping_; });
    }
}

}  // namespace sealwright::server
