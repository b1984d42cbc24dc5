// From a connected signer to a daemon that may issue: the signer holds the keys, and what the last boot left is
// settled.
#include "server/parts.hpp"

namespace sealwright::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{200}, kLongestPause{std::chrono::seconds{5}};

std::vector<SignerLink::Wanted> wanted_keys(const Material& material) {
    std::vector<SignerLink::Wanted> wanted{
        {"issuing", material.authority.key.id(), hsm::Purpose::certificate},
        {"issuing", material.authority.key.id(), hsm::Purpose::crl},
        {"OCSP", crypto::key_id(material.ocsp_certificate.fields().spki), hsm::Purpose::ocsp},
        {"audit", material.audit_key.id(), hsm::Purpose::checkpoint}};
    if (material.tls) wanted.push_back({"TLS", material.tls->key.id(), hsm::Purpose::tls});
    return wanted;
}

}  // namespace

Result<void> Daemon::Parts::open_for_issuance() {
    SEALWRIGHT_TRY(signer->check_keys(wanted_keys(material)));
    SEALWRIGHT_TRY(const auto settled, engine->settle_open_intents(*signer));
    metrics.count_settled(settled.abandoned, settled.indeterminate);
    if (settled.abandoned + settled.indeterminate > 0) {
        log.warning("daemon", "settled what the last boot left open: " + std::to_string(settled.abandoned) +
                                  " abandoned, " + std::to_string(settled.indeterminate) +
                                  " indeterminate and revoked");
    }
    open = true;
    readiness.clear("starting");
    return success();
}

milliseconds Daemon::Parts::try_to_open() {
    if (open) return std::chrono::hours{24};
    auto opened = signer->connect();
    if (opened) opened = open_for_issuance();
    if (opened) {
        log.info("daemon", "ready");
        notifier.status("serving");
        return std::chrono::hours{24};
    }
    readiness.set("starting", "the daemon waits for the signer");
    log.warning("daemon", "not open for issuance yet: " + opened.error().describe());
    // The connection attempt itself has waited a while already.
    return opened.error().code() == ErrorCode::unavailable ? kFirstPause : kLongestPause;
}

}  // namespace sealwright::server
