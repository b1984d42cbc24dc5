// How the daemon does: readiness, the status of the admin API, the gauges of the metrics.
#include "server/parts.hpp"

namespace sealwright::server {

void Daemon::Parts::judge() {
    readiness.update("signer", signer->connected(), "the signer is not connected");
    readiness.update("store", store->healthy(), "the store refuses writes");
    const auto current = publisher->current();
    if (!current) {
        readiness.set("crl", "no CRL was published yet");
    } else {
        readiness.update("crl", clock.now() < current->next_update, "the CRL has expired");
    }
}

protocols::admin::StatusReport Daemon::Parts::status() {
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
    if (const auto counts = store->counts()) {
        report.counts =
            protocols::admin::Counts{counts.value().issued, counts.value().revoked, counts.value().open_intents};
    }
    report.ocsp = ocsp->statistics();
    return report;
}

Gauges Daemon::Parts::gauges() {
    Gauges gauges;
    gauges.now = clock.now();
    gauges.started_at = started_at;
    gauges.status = status();
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
