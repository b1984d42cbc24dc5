// seeded_random.hpp: the random port with a sequence that depends on its seed alone, for tests; and one that repeats
// what it is told.
#pragma once

#include <deque>
#include <mutex>
#include <random>

#include "crypto/random.hpp"

namespace sealwright::test {

class SeededRandom final : public crypto::Random {
public:
    explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
    void fill(std::span<std::uint8_t> out) override {
        const std::lock_guard lock{mutex_};
        if (!scripted_.empty() && scripted_.front().size() == out.size()) {
            std::copy(scripted_.front().begin(), scripted_.front().end(), out.begin());
            scripted_.pop_front();
            return;
        }
        for (auto& octet : out) octet = static_cast<std::uint8_t>(engine_() & 0xFFU);
    }
    // next_fill_gives queues octets for the next fills of exactly that size; others take the seeded sequence.
    void next_fill_gives(Bytes octets) {
        const std::lock_guard lock{mutex_};
        scripted_.push_back(std::move(octets));
    }

private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
    std::deque<Bytes> scripted_;
};

}  // namespace sealwright::test
