// signing_rate.hpp: how often a key was used in the last hour, counted by minutes.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.hpp"

namespace sealwright::hsm::signer_process {

// SigningRate takes times that do not go back (those of the journal's records) and forgets what is more than an hour
// old: what was counted weighs for sixty minutes and what is left of its own, never less. Used by one thread.
class SigningRate {
public:
    void add(UtcTime time, std::uint64_t count = 1) noexcept;
    std::uint64_t last_hour(UtcTime now) const noexcept;
    // move_to has the newest minute be that of now: a person has settled a clock that ran ahead, and nobody knows how
    // long ago the counted uses were.
    void move_to(UtcTime now) noexcept;

private:
    static constexpr std::int64_t kMinutes = 61;  // the one that goes on, and sixty before it

    std::uint64_t& slot(std::int64_t minute) noexcept;

    std::array<std::uint64_t, kMinutes> counts_{};
    std::int64_t newest_ = 0;
    bool is_used_ = false;
};

}  // namespace sealwright::hsm::signer_process
