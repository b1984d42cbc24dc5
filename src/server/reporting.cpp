// How the daemon does: readiness, the status of the admin API, the gauges of the metrics.
#include "server/parts.hpp"

namespace sealwright::server {
namespace {

constexpr std::chrono::seconds kCountsForMetrics{15};

}  // namespace

void Daemon::Parts::judge() {
    readiness.update("signer", signer->connected(), "the signer is not connected");
    readiness.update("store", store->healthy(), "the store refuses writes");
    const auto open_to_issue = engine->check_open();
    readiness.update("issuance", open_to_issue.has_value(),
                     open_to_issue ? std::string_view{} : std::string_view{open_to_issue.error().public_detail()});
    readiness.update("crl-file", !publisher->file_is_behind(), "the file of the CRL cannot be written");
    const UtcTime now = clock.now();
    readiness.update("issuing-certificate", now < material.authority.certificate.fields().not_after,
                     "the certificate of the CA has expired");
    readiness.update("ocsp-certificate", now < material.ocsp_certificate.fields().not_after,
                     "the certificate of the OCSP signer has expired");
    if (material.tls)
        readiness.update("tls-certificate", now < material.tls->not_after,
                         "the certificate of the service has expired");
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
    if (!counted || now - counted_at >= how_old) {
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
    gauges.not_after.emplace("issuing", material.authority.certificate.fields().not_after);
    gauges.not_after.emplace("ocsp", material.ocsp_certificate.fields().not_after);
    if (material.tls) gauges.not_after.emplace("tls", material.tls->not_after);
    return gauges;
}

}  // namespace sealwright::server
