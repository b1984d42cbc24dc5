#include "issuance/issuance_gate.hpp"

namespace sealwright::issuance {

Result<void> IssuanceGate::check() {
    if (open()) return success();
    const UtcTime now = clock_.now();
    if (begin_try(now)) {
        try {
            end_try(try_to_open(now));
        } catch (...) {
            end_try(fail(ErrorCode::storage, "the store failed"));
            throw;
        }
    }
    if (open()) return success();
    return closed_error();
}

bool IssuanceGate::begin_try(UtcTime now) {
    const std::lock_guard lock{mutex_};
    if (open() || probing_ || now == last_try_) return false;
    probing_ = true;
    last_try_ = now;
    return true;
}

void IssuanceGate::end_try(const Result<void>& outcome) {
    const std::lock_guard lock{mutex_};
    probing_ = false;
    if (outcome) {
        open_.store(true, std::memory_order_release);
    } else if (closes_on(outcome.error().code())) {
        why_ = outcome.error();
    }
}

Result<void> IssuanceGate::try_to_open(UtcTime now) {
    SEALWRIGHT_TRY(store_.probe(now));
    std::map<std::string, std::string> stop;
    auto kind = audit::EventKind::issuance_stopped;
    {
        const std::lock_guard lock{mutex_};
        if (why_->code() == ErrorCode::clock) kind = audit::EventKind::clock_stopped;
        stop = {{"code", std::string{error_code_name(why_->code())}},
                {"reason", why_->public_detail()},
                {"since", to_rfc3339(since_)}};
    }
    // The stop could not be recorded when it happened: both entries carry the time at which they were written.
    Events events;
    events.push_back(events_.make(kind, now, kDaemonActor, stop));
    events.push_back(events_.make(audit::EventKind::issuance_resumed, now, kDaemonActor, {{"since", stop["since"]}}));
    SEALWRIGHT_TRY(store_.record(std::move(events), now));
    log_.info("issuance", "issuance resumes: the store can be written again");
    return success();
}

Error IssuanceGate::close(Error why) {
    if (!closes_on(why.code())) return why;
    const std::lock_guard lock{mutex_};
    if (!open()) return why;
    why_ = why;
    since_ = clock_.now();
    last_try_ = since_;
    open_.store(false, std::memory_order_release);
    log_.error("issuance", "issuance stops: " + why.describe());
    return why;
}

Error IssuanceGate::closed_error() const {
    const std::lock_guard lock{mutex_};
    const bool clock = why_ && why_->code() == ErrorCode::clock;
    return fail(ErrorCode::unavailable,
                clock ? "issuance is stopped: the clock of the CA went back; nothing is issued until it is right again"
                      : "issuance is stopped: the CA cannot write its records; nothing is issued until it can",
                why_ ? why_->describe() : std::string{});
}

}  // namespace sealwright::issuance
