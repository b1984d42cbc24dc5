// crl_timer.hpp: has the next CRL made in time: after each change of status, and before the last one expires.
#pragma once

#include <atomic>
#include <functional>

#include "issuance/crl_publisher.hpp"
#include "server/periodic.hpp"

namespace sealwright::server {

// crl_is_behind says whether the store has changed since this CRL was made: the daemon may have ended between a
// revocation and the CRL that says so.
Result<bool> crl_is_behind(issuance::CaStore& store, const KeyId& issuer, const issuance::CrlRecord& record,
                           UtcTime now);

class CrlTimer {
public:
    // may_sign says whether signatures can be had now at all; nothing is tried before.
    CrlTimer(issuance::CrlPublisher& publisher, issuance::CaStore& store, const KeyId& issuer, const Clock& clock,
             Log& log, std::function<bool()> may_sign);

    // changed asks for a CRL now. Thread-safe.
    void changed();
    void stop() { thread_.stop(); }
    // failures in a row, for metrics.
    unsigned failures() const noexcept { return failures_; }

private:
    std::chrono::milliseconds work();
    std::chrono::milliseconds publish();

    issuance::CrlPublisher& publisher_;
    issuance::CaStore& store_;
    const KeyId issuer_;
    const Clock& clock_;
    Log& log_;
    const std::function<bool()> may_sign_;
    std::atomic<bool> wanted_{false};
    std::atomic<unsigned> failures_{0};
    bool compared_ = false;
    Periodic thread_;  // last: it uses the rest
};

}  // namespace sealwright::server
