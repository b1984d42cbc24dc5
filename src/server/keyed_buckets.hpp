// keyed_buckets.hpp: a rate with a burst for each of many, of whom only the busiest are remembered.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/token_bucket.hpp"

namespace sealwright::server {

// KeyedBuckets is thread-safe. Beyond capacity keys the one that was used longest ago is forgotten, and begins anew.
class KeyedBuckets {
public:
    KeyedBuckets(double per_second, double burst, std::size_t capacity = 4096)
        : per_second_(per_second), burst_(burst), capacity_(capacity) {}

    // take is true while the key keeps to the rate.
    bool take(const std::string& key) { return take_at(key, std::chrono::steady_clock::now()); }
    bool take_at(const std::string& key, std::chrono::steady_clock::time_point now) {
        const std::lock_guard lock{mutex_};
        auto found = by_key_.find(key);
        if (found == by_key_.end()) {
            if (entries_.size() == capacity_) {
                by_key_.erase(entries_.back().key);
                entries_.pop_back();
            }
            entries_.emplace_front(key, per_second_, burst_);
            found = by_key_.emplace(key, entries_.begin()).first;
        }
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->bucket.take_at(now);
    }

private:
    struct Entry {
        Entry(std::string its_key, double per_second, double burst)
            : key(std::move(its_key)), bucket(per_second, burst) {}
        std::string key;
        TokenBucket bucket;
    };

    const double per_second_, burst_;
    const std::size_t capacity_;
    std::mutex mutex_;
    std::list<Entry> entries_;  // most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace sealwright::server
