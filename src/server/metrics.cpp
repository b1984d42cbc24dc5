#include "server/metrics.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

namespace sealwright::server {
namespace {

// Methods and routes are ours, so that what a stranger sends cannot make new series.
std::string known_method(std::string_view method) {
    for (const std::string_view known : {"GET", "HEAD", "POST"}) {
        if (method == known) return std::string{known};
    }
    return "other";
}

std::string number(double value) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.9g", value);
    return buffer.data();
}

// Page writes one metric after the other.
class Page {
public:
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_ += "# HELP " + name_ + " " + std::string{help} + "\n# TYPE " + name_ + " " + std::string{type} + "\n";
    }
    void sample(const std::string& labels, const std::string& value, std::string_view suffix = {}) {
        text_ += name_ + std::string{suffix} + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
    }
    void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
        begin(name, "gauge", help);
        sample({}, std::to_string(value));
    }
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        begin(name, "counter", help);
        sample({}, std::to_string(value));
    }
    std::string take() { return std::move(text_); }

private:
    std::string name_, text_;
};

std::uint64_t unix_time(UtcTime time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
}

std::uint64_t resident_memory() {
    std::ifstream file{"/proc/self/statm"};
    std::uint64_t total = 0, resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void write_daemon(Page& page, const Gauges& gauges) {
    page.begin("sealwright_build_info", "gauge", "Version of the running daemon.");
    page.sample("version=\"" + gauges.status.version + "\"", "1");
    page.gauge("sealwright_start_time_seconds", "When the daemon was started.", unix_time(gauges.started_at));
    page.gauge("sealwright_epoch", "Boot epoch of this node.", gauges.status.node.epoch.value());
    page.gauge("sealwright_ready", "Whether the daemon is ready.", gauges.ready ? 1 : 0);
    page.gauge("sealwright_signer_connected", "Whether a fenced connection to the signer stands.",
               gauges.status.signer_connected ? 1 : 0);
    page.gauge("sealwright_store_healthy", "Whether the last write to the store succeeded.",
               gauges.status.store_healthy ? 1 : 0);
    page.gauge("process_resident_memory_bytes", "Resident memory.", resident_memory());
}

void write_certificates(Page& page, const Gauges& gauges) {
    page.begin("sealwright_certificate_not_after_seconds", "gauge",
               "When a certificate that the daemon works with expires.");
    for (const auto& [name, not_after] : gauges.not_after)
        page.sample("certificate=\"" + name + "\"", std::to_string(unix_time(not_after)));
}

void write_records(Page& page, const Gauges& gauges) {
    if (const auto& counts = gauges.status.counts) {
        page.gauge("sealwright_certificates_issued", "Certificates issued, by the store.", counts->issued);
        page.gauge("sealwright_certificates_revoked", "Certificates revoked, on hold or indeterminate, by the store.",
                   counts->revoked);
        page.gauge("sealwright_open_intents", "Intents that are neither complete nor settled.", counts->open_intents);
    }
    page.gauge("sealwright_audit_log_entries", "Entries of the audit log.", gauges.status.audit.size);
    page.gauge("sealwright_audit_checkpoint_entries", "Entries under the last checkpoint signed in this run.",
               gauges.checkpoint_size);
    if (const auto& crl = gauges.status.crl) {
        page.gauge("sealwright_crl_number", "Number of the current CRL.", crl->number);
        page.gauge("sealwright_crl_entries", "Entries of the current CRL.", crl->entries);
        page.gauge("sealwright_crl_this_update_seconds", "thisUpdate of the current CRL.", unix_time(crl->this_update));
        page.gauge("sealwright_crl_next_update_seconds", "nextUpdate of the current CRL.", unix_time(crl->next_update));
        const auto age = std::max<std::int64_t>((gauges.now - crl->this_update).count(), 0);
        page.gauge("sealwright_crl_age_seconds", "Age of the current CRL.", static_cast<std::uint64_t>(age));
    }
    page.gauge("sealwright_crl_failures", "Attempts in a row that did not publish a CRL.", gauges.crl_failures);
}

void write_ocsp(Page& page, const issuance::OcspResponder::Statistics& ocsp) {
    page.begin("sealwright_ocsp_requests_total", "counter", "OCSP requests by how they were answered.");
    page.sample("answer=\"cached\"", std::to_string(ocsp.from_cache));
    page.sample("answer=\"signed\"", std::to_string(ocsp.signed_now));
    page.sample("answer=\"refused\"", std::to_string(ocsp.refused));
}

void write_http(Page& page, const Gauges& gauges) {
    page.gauge("sealwright_http_connections", "Open connections.", gauges.http.connections);
    page.counter("sealwright_http_connections_accepted_total", "Connections taken.", gauges.http.accepted);
    page.counter("sealwright_http_connections_refused_total", "Connections refused because there were too many.",
                 gauges.http.refused);
    page.counter("sealwright_tls_handshakes_failed_total", "TLS handshakes that failed.",
                 gauges.http.failed_handshakes);
    page.gauge("sealwright_http_handlers_queued", "Requests that wait for a worker.", gauges.queued);
    page.gauge("sealwright_http_handlers_running", "Requests that a worker handles.", gauges.running);
}

}  // namespace

void Metrics::Histogram::add(double value) {
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
        if (value <= kBounds[i]) ++buckets[i];
    }
    ++count;
    sum += value;
}

void Metrics::observe(const http_server::Exchange& exchange) {
    Labels labels{std::string{exchange.listener}, known_method(exchange.method), std::string{exchange.route},
                  exchange.status};
    const double took = std::chrono::duration<double>(exchange.duration).count();
    const bool native = exchange.route == "/native/v1/certificates";
    const bool issued = exchange.status == 201 && (native || exchange.route == "/v1/certificates");
    const std::lock_guard lock{mutex_};
    ++requests_[std::move(labels)];
    if (issued) issuance_[native ? "native" : "admin"].add(took);
}

void Metrics::count_settled(std::uint64_t abandoned, std::uint64_t indeterminate) noexcept {
    abandoned_ += abandoned;
    indeterminate_ += indeterminate;
}

std::string Metrics::text(const Gauges& gauges) const {
    Page page;
    write_daemon(page, gauges);
    write_certificates(page, gauges);
    write_records(page, gauges);
    write_ocsp(page, gauges.status.ocsp);
    write_http(page, gauges);
    page.counter("sealwright_refusals_unrecorded_total",
                 "Refusals of unauthenticated peers that came too fast to be recorded in the audit log.",
                 unrecorded_refusals_);
    page.begin("sealwright_intents_settled_total", "counter",
               "Open intents that were settled after a crash or a lost lease.");
    page.sample("as=\"abandoned\"", std::to_string(abandoned_));
    page.sample("as=\"indeterminate\"", std::to_string(indeterminate_));

    const std::lock_guard lock{mutex_};
    page.begin("sealwright_http_requests_total", "counter",
               "Requests answered, by listener, method, route and status.");
    for (const auto& [labels, count] : requests_) {
        const auto& [listener, method, route, status] = labels;
        page.sample("listener=\"" + listener + "\",method=\"" + method + "\",route=\"" + route + "\",status=\"" +
                        std::to_string(status) + "\"",
                    std::to_string(count));
    }
    page.begin("sealwright_issuance_duration_seconds", "histogram",
               "From the request's header to the certificate's last octet.");
    for (const auto& [protocol, histogram] : issuance_) {
        const std::string label = "protocol=\"" + protocol + "\"";
        for (std::size_t i = 0; i < kBounds.size(); ++i)
            page.sample(label + ",le=\"" + number(kBounds[i]) + "\"", std::to_string(histogram.buckets[i]), "_bucket");
        page.sample(label + ",le=\"+Inf\"", std::to_string(histogram.count), "_bucket");
        page.sample(label, number(histogram.sum), "_sum");
        page.sample(label, std::to_string(histogram.count), "_count");
    }
    return page.take();
}

}  // namespace sealwright::server
