#include "issuance/request_ids.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace sealwright::issuance {
namespace {

constexpr unsigned kPerSecondBits = 24;  // a count within the second; one that overflows runs ahead of the clock
constexpr std::size_t kOrderedOctets = 8;

}  // namespace

RequestId RequestIds::next(UtcTime now, crypto::Random& random) {
    const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(now.time_since_epoch().count(), 0));
    std::uint64_t last = last_.load(std::memory_order_relaxed);
    std::uint64_t order = 0;
    do {
        order = std::max(seconds << kPerSecondBits, last + 1);
    } while (!last_.compare_exchange_weak(last, order, std::memory_order_relaxed));

    std::array<std::uint8_t, RequestId::kSize> octets{};
    for (std::size_t i = 0; i < kOrderedOctets; ++i)
        octets.at(i) = static_cast<std::uint8_t>(order >> (8 * (kOrderedOctets - 1 - i)));
    random.fill(std::span{octets}.subspan(kOrderedOctets));
    return RequestId{octets};
}

}  // namespace sealwright::issuance
