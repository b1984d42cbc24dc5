#include "hsm/signer_process/signing_rate.hpp"

#include <algorithm>

namespace sealwright::hsm::signer_process {
namespace {

std::int64_t minute_of(UtcTime time) noexcept {
    return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

}  // namespace

std::uint64_t& SigningRate::slot(std::int64_t minute) noexcept {
    return counts_[static_cast<std::size_t>((minute % kMinutes + kMinutes) % kMinutes)];
}

void SigningRate::add(UtcTime time, std::uint64_t count) noexcept {
    const std::int64_t minute = minute_of(time);
    if (!is_used_ || minute - newest_ >= kMinutes) {
        counts_.fill(0);
        newest_ = minute;
        is_used_ = true;
    }
    while (newest_ < minute) slot(++newest_) = 0;
    slot(newest_) += count;
}

std::uint64_t SigningRate::last_hour(UtcTime now) const noexcept {
    if (!is_used_) return 0;
    const std::int64_t age = std::max<std::int64_t>(minute_of(now) - newest_, 0);
    std::uint64_t sum = 0;
    for (std::int64_t back = 0; back + age < kMinutes; ++back) {
        const std::int64_t minute = newest_ - back;
        sum += counts_[static_cast<std::size_t>((minute % kMinutes + kMinutes) % kMinutes)];
    }
    return sum;
}

void SigningRate::move_to(UtcTime now) noexcept {
    if (!is_used_) return;
    const SigningRate old = *this;
    const std::int64_t minute = minute_of(now);
    for (std::int64_t back = 0; back < kMinutes; ++back)
        slot(minute - back) = SigningRate{old}.slot(old.newest_ - back);
    newest_ = minute;
}

}  // namespace sealwright::hsm::signer_process
