// token_bucket.hpp: a rate with a burst, for what strangers can cause as often as they like.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>

namespace sealwright::server {

// TokenBucket is thread-safe.
class TokenBucket {
public:
    TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}
    // take is true while the rate is kept.
    bool take() { return take_at(std::chrono::steady_clock::now()); }
    bool take_at(std::chrono::steady_clock::time_point now) {
        const std::lock_guard lock{mutex_};
        if (now > filled_at_) {
            tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - filled_at_).count() * per_second_);
            filled_at_ = now;
        }
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    const double per_second_, burst_;
    std::mutex mutex_;
    double tokens_;
    std::chrono::steady_clock::time_point filled_at_ = std::chrono::steady_clock::now();
};

}  // namespace sealwright::server
