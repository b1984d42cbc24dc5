// issuance_gate.hpp: stands before step 2. It closes when the record cannot be kept (a storage error, or a clock that
// went back), and opens again when a write succeeds.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "base/log.hpp"
#include "issuance/audit_events.hpp"

namespace sealwright::issuance {

// IssuanceGate is thread-safe. While it is closed, one caller a second tries a write (CaStore::probe); all others are
// refused at once.
class IssuanceGate {
public:
    IssuanceGate(EventMaker events, CaStore& store, const Clock& clock, Log& log)
        : events_(std::move(events)), store_(store), clock_(clock), log_(log) {}

    // check is success when issuance may go on, else unavailable with the reason. Those refusals have no record: none
    // can be written.
    Result<void> check();

    // closes_on says whether an error means that the record cannot be kept.
    static bool closes_on(ErrorCode code) noexcept { return code == ErrorCode::storage || code == ErrorCode::clock; }
    // close stops issuance if this error is of that kind. It gives the error back for the caller to return.
    Error close(Error why);
    bool open() const noexcept { return open_.load(std::memory_order_acquire); }

private:
    // begin_try is true for the one caller that is to probe now.
    bool begin_try(UtcTime now);
    Result<void> try_to_open(UtcTime now);
    void end_try(const Result<void>& outcome);
    Error closed_error() const;

    EventMaker events_;
    CaStore& store_;
    const Clock& clock_;
    Log& log_;
    std::atomic<bool> open_{true};
    mutable std::mutex mutex_;
    std::optional<Error> why_;
    UtcTime since_{}, last_try_{};
    bool probing_ = false;
};

}  // namespace sealwright::issuance
