// periodic.hpp: a thread that does one piece of work again and again, each time saying when next, and sooner when
// woken.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.hpp"

namespace sealwright::server {

// Periodic: work runs on its thread alone, first at once. An exception of it is logged and it is tried again in a
// minute.
class Periodic {
public:
    using Work = std::function<std::chrono::milliseconds()>;

    Periodic(std::string name, Log& log, Work work);
    ~Periodic();  // as stop()
    Periodic(const Periodic&) = delete;
    Periodic& operator=(const Periodic&) = delete;

    // wake lets the work run as soon as it can; while it runs, once more afterwards. Thread-safe.
    void wake();
    // stop waits for work under way to end.
    void stop();

private:
    void run();

    const std::string name_;
    Log& log_;
    const Work work_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false, stopping_ = false;
    std::thread thread_;
};

}  // namespace sealwright::server
