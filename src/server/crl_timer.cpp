#include "server/crl_timer.hpp"

namespace sealwright::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLongestSleep{std::chrono::seconds{15}};  // the wall clock may jump
constexpr milliseconds kWaitForSigner{250};
constexpr milliseconds kGather{50};  // revocations that come together share a CRL
constexpr milliseconds kFirstRetry{500}, kLongestRetry{std::chrono::seconds{30}};

}  // namespace

Result<bool> crl_is_behind(issuance::CaStore& store, const KeyId& issuer, const issuance::CrlRecord& record,
                           UtcTime now) {
    std::size_t count = 0;
    bool newer = false;
    SEALWRIGHT_TRY(store.for_each_revoked(issuer, now, [&](const x509::CrlEntry& entry) {
        ++count;
        newer = newer || entry.revoked_at >= record.this_update;
    }));
    return newer || count != record.entries;
}

CrlTimer::CrlTimer(issuance::CrlPublisher& publisher, issuance::CaStore& store, const KeyId& issuer, const Clock& clock,
                   Log& log, std::function<bool()> may_sign)
    : publisher_(publisher),
      store_(store),
      issuer_(issuer),
      clock_(clock),
      log_(log),
      may_sign_(std::move(may_sign)),
      thread_("crl-timer", log, [this] { return work(); }) {}

void CrlTimer::changed() {
    wanted_ = true;
    thread_.wake();
}

milliseconds CrlTimer::work() {
    if (!may_sign_()) return kWaitForSigner;
    publisher_.retry_file();
    const auto now = clock_.now();
    const auto current = publisher_.current();
    if (!compared_ && current) {
        const auto behind = crl_is_behind(store_, issuer_, *current, now);
        if (!behind || behind.value()) wanted_ = true;
        compared_ = behind.has_value();
    }
    const auto due = publisher_.due();
    if (wanted_ || !current || due <= now) return publish();
    return std::min<milliseconds>(due - now, kLongestSleep);
}

milliseconds CrlTimer::publish() {
    std::this_thread::sleep_for(kGather);
    const bool was_wanted = wanted_.exchange(false);
    const auto published = publisher_.publish_now();
    if (published) {
        compared_ = true;
        failures_ = 0;
        return wanted_ ? milliseconds{0}
                       : std::min<milliseconds>(std::max<seconds>(publisher_.due() - clock_.now(), seconds{1}),
                                                kLongestSleep);
    }
    if (was_wanted) wanted_ = true;
    const unsigned failed = ++failures_;
    log_.warning("crl", "the CRL could not be published (" + std::to_string(failed) +
                            " times): " + published.error().describe());
    return std::min<milliseconds>(kFirstRetry * (1U << std::min(failed - 1, 10U)), kLongestRetry);
}

}  // namespace sealwright::server
