// clock.hpp: time as a port. No function of the house asks the system for the time except through a Clock it was given.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sealwright {

// UtcTime is a point in UTC at the resolution of one second, as X.509 has it.
using UtcTime = std::chrono::sys_seconds;

class Clock {
public:
    virtual ~Clock() = default;
    // now is the wall clock in UTC. Thread-safe.
    virtual UtcTime now() const = 0;
};

class SystemClock final : public Clock {
public:
    UtcTime now() const override;
};

// ManualClock stands still until it is moved; for tests and for the replay of records.
class ManualClock final : public Clock {
public:
    explicit ManualClock(UtcTime start) : now_(start) {}
    UtcTime now() const override { return now_; }
    void set(UtcTime time) { now_ = time; }
    void advance(std::chrono::seconds by) { now_ += by; }

private:
    UtcTime now_;
};

// to_rfc3339 is "2026-11-22T10:57:29Z"; from_rfc3339 takes that form alone (UTC, whole seconds, upper-case T and Z).
std::string to_rfc3339(UtcTime time);
Result<UtcTime> from_rfc3339(std::string_view text);

// parse_duration reads "90s", "15m", "12h", "7d", "2w" or "1y" (365 days): one whole number and one unit, greater than zero.
Result<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace sealwright
