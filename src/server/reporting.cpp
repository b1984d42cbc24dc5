// How the daemon does: readiness, the status of the admin API, the gauges of the metrics.
#include "server/parts.hpp"

namespace sealwright::server {
namespace {

constexpr std::chrono::seconds kCountsForMetrics{15};

// OwnCertificate is one that the daemon works with: its name in the metrics, and whose it is.
struct OwnCertificate {
    std::string name, what;
    UtcTime not_after{};
};

std::vector<OwnCertificate> own_certificates(const Material& material) {
    std::vector<OwnCertificate> all{{"issuing", "the CA", material.authority.certificate.fields().not_after},
                                    {"ocsp", "the OCSP signer", material.ocsp_certificate.fields().not_after}};
    if (material.tls) all.push_back({"tls", "the service", material.tls->leaf.fields().not_after});
    return all;
}

}  // namespace

void Daemon::Parts::judge() {
    readiness.update("signer", signer->connected(), "the signer is not connected");
    readiness.update("store", store->healthy(), "the store refuses writes");
    const auto open_to_issue = engine->check_open();
    readiness.update("issuance", open_to_issue.has_value(),
                     open_to_issue ? std::string_view{} : std::string_view{open_to_issue.error().public_detail()});
    readiness.update("crl-file", !publisher->file_is_behind(), "the file of the CRL cannot be written");
    const UtcTime now = clock.now();
    for (const auto& [name, what, not_after] : own_certificates(material))
        readiness.update(name + "-certificate", now < not_after, "the certificate of " + what + " has expired");
    const auto current = publisher->current();
    if (!current) {
        readiness.set("crl", "no CRL was published yet");
    } else {
        readiness.update("crl", now < current->next_update, "the CRL has expired");
    }
}

// counts asks the store for what it has to count, at most once in how_old: who scrapes the metrics costs nothing.
std::optional<protocols::admin::Counts> Daemon::Parts::counts(std::chrono::seconds how_old) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard one_at_a_time{counting};
    if (now - counted_at >= how_old) {
        const auto fresh = store->counts();
        counted_at = now;
        counted.reset();
        if (fresh) counted.emplace(fresh.value().issued, fresh.value().revoked, fresh.value().open_intents);
    }
    return counted;
}

protocols::admin::StatusReport Daemon::Parts::status(std::chrono::seconds how_old) {
    judge();
    protocols::admin::StatusReport report;
    report.version = SEALWRIGHT_VERSION;
    report.node = node;
    report.started_at = started_at;
    report.reasons = readiness.reasons();
    report.ready = report.reasons.empty();
    if (const auto current = publisher->current()) {
        report.crl = issuance::CrlRecord{.number = current->number,
                                         .issuer_key = current->issuer_key,
                                         .this_update = current->this_update,
                                         .next_update = current->next_update,
                                         .entries = current->entries,
                                         .der = {}};
    }
    if (const auto head = store->audit_head()) report.audit = head.value();
    report.signer_connected = signer->connected();
    report.store_healthy = store->healthy();
    report.counts = counts(how_old);
    report.ocsp = ocsp->statistics();
    return report;
}

Gauges Daemon::Parts::gauges() {
    Gauges gauges;
    gauges.now = clock.now();
    gauges.started_at = started_at;
    gauges.status = status(kCountsForMetrics);
    gauges.ready = gauges.status.ready;
    gauges.http = server->statistics();
    for (const auto& workers : {https_workers, http_workers, admin_workers}) {
        gauges.queued += workers->queued();
        gauges.running += workers->running();
    }
    gauges.checkpoint_size = checkpointer->signed_size();
    gauges.crl_failures = crl_timer ? crl_timer->failures() : 0;
    for (const auto& [name, what, not_after] : own_certificates(material)) gauges.not_after.emplace(name, not_after);
    return gauges;
}

}  // namespace sealwright::server
