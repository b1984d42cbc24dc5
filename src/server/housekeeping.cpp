// What is looked after every second: the store, intents whose lease is over, changes of status; and the checkpoints.
#include <malloc.h>

#include "server/parts.hpp"

namespace sealwright::server {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kTick{1000};
constexpr milliseconds kProbeEvery{2000};
constexpr milliseconds kCheckpointRetry{5000};
constexpr milliseconds kGiveBackEvery{30000};

}  // namespace

milliseconds Daemon::Parts::keep_house() {
    const auto now = SteadyClock::now();
    notifier.alive();
    if (!store->healthy() && now >= next_probe) {
        next_probe = now + kProbeEvery;
        if (auto probed = store->probe(clock.now()); probed) log.info("store", "writes succeed again");
    }
    if (open && signer->connected() && now >= next_settlement) {
        next_settlement = now + std::max<milliseconds>(config.lease / 3, kTick);
        settle_again();
        expire_challenges();
    }
    notice_changes();
    judge();
    if (now >= next_give_back) {
        next_give_back = now + kGiveBackEvery;
        give_back_memory();
    }
    return kTick;
}

// What a page of a list or a large CRL took would stay with the process: glibc has an arena for each thread, and every
// arena keeps the most that its thread ever had, in pages that nothing is in.
void Daemon::Parts::give_back_memory() {
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

// An intent whose completion failed stays open until its lease is over; then the journal says what becomes of it.
void Daemon::Parts::settle_again() {
    const auto settled = engine->settle_open_intents(*signer);
    if (!settled) {
        log.warning("daemon", "open intents could not be settled: " + settled.error().describe());
        return;
    }
    metrics.count_settled(settled.value().abandoned, settled.value().indeterminate);
}

void Daemon::Parts::expire_challenges() {
    if (const auto expired = engine->expire_challenges(); !expired)
        log.warning("daemon", "unanswered challenges could not be ended: " + expired.error().describe());
}

// The database says what has changed, whoever changed it: a revocation here, a settlement, another process.
void Daemon::Parts::notice_changes() {
    const auto changes = store->changed_since(change_counter);
    if (!changes) return;
    const bool changed = changes.value().overflow || !changes.value().serials.empty();
    change_counter = changes.value().counter;
    if (changed) status_changed();
}

milliseconds Daemon::Parts::make_checkpoint() {
    if (!open || !signer->connected()) return kTick;
    const auto made = checkpointer->checkpoint_and_export();
    if (made) return config.audit.interval;
    log.warning("audit", "no checkpoint: " + made.error().describe());
    return std::min<milliseconds>(kCheckpointRetry, config.audit.interval);
}

}  // namespace sealwright::server
