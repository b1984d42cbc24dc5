#include "server/daemon.hpp"

#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "issuance/adoption.hpp"
#include "server/parts.hpp"

namespace sealwright::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDrainPatience{std::chrono::seconds{15}};
constexpr std::string_view kRoom = "daemon";

// What does not heal by waiting: another user's socket, our own user's, a newer boot of this node.
bool is_hopeless(ErrorCode code) noexcept {
    return code == ErrorCode::denied || code == ErrorCode::conflict || code == ErrorCode::config;
}

issuance::Events start_events(const issuance::EventMaker& events, UtcTime now, const Config& config,
                              const issuance::Profiles& profiles) {
    using audit::EventKind;
    issuance::Events all;
    all.push_back(events.make(EventKind::epoch_opened, now, issuance::kDaemonActor));
    all.push_back(
        events.make(EventKind::daemon_started, now, issuance::kDaemonActor, {{"version", SEALWRIGHT_VERSION}}));
    all.push_back(events.make(EventKind::configuration_loaded, now, issuance::kDaemonActor,
                              {{"configuration_sha256", crypto::sha256(view_of(config.text)).hex()}}));
    for (const auto& [name, profile] : profiles) {
        all.push_back(events.make(EventKind::profile_loaded, now, issuance::kDaemonActor,
                                  {{"profile", name},
                                   {"profile_sha256", profile->digest.hex()},
                                   {"version", std::to_string(profile->version)}}));
    }
    return all;
}

Result<void> write_port_file(const std::filesystem::path& state, const std::string& name, std::uint16_t port) {
    return write_file_atomically(state / (name + ".port"), view_of(std::to_string(port) + "\n"));
}

}  // namespace

// 1. The store: who we are, and which boot this is.
Result<void> Daemon::Parts::open_store() {
    SEALWRIGHT_TRY(auto taken, StateLock::take(config.state));
    lock.emplace(std::move(taken));
    SEALWRIGHT_TRY(store, store::sqlite::SqliteStore::open(config.state / "ca.db", {}, log));
    SEALWRIGHT_TRY(node.id, store->node_id());
    started_at = clock.now();
    SEALWRIGHT_TRY(node.epoch,
                   store->open_epoch(node.id, started_at,
                                     start_events(issuance::EventMaker{node}, started_at, config, material.profiles)));
    SEALWRIGHT_TRY(const auto changes, store->changed_since(0));
    change_counter = changes.counter;
    log.info(kRoom, "node " + node.id.hex() + ", boot " + std::to_string(node.epoch.value()));
    return success();
}

// 2. The signer: fenced on every connection, before anything is asked of it.
Result<void> Daemon::Parts::connect_signer() {
    hsm::signer_process::ClientOptions options;
    options.socket_path = config.signer.socket.string();
    options.node = node.id;
    options.epoch = node.epoch;
    options.deadline = config.signer.deadline;
    options.expect_same_user = config.signer.allow_same_user;
    signer = std::make_unique<SignerLink>(options, log);
    auto connected = signer->connect();
    if (connected) return success();
    if (is_hopeless(connected.error().code())) return connected;
    log.warning(kRoom, "the signer is not there yet: " + connected.error().describe());
    return success();
}

// 3. The use cases, with nothing of them running.
void Daemon::Parts::make_issuance() {
    const auto& authority = material.authority;
    issuance::EngineOptions options;
    options.node = node;
    options.lease = config.lease;
    options.anchors = material.tpm_anchors;
    options.signer_ready = [this] { return signer->connected(); };
    engine =
        std::make_unique<issuance::Engine>(authority, material.profiles, options, *store, *signer, clock, random, log);
    publisher = std::make_unique<issuance::CrlPublisher>(
        authority,
        issuance::CrlPolicy{.validity = config.crl.validity, .overlap = config.crl.overlap, .file = config.crl.file},
        node, *store, *signer, clock, random, log);
    ocsp = std::make_unique<issuance::OcspResponder>(
        authority, material.ocsp_certificate,
        issuance::OcspPolicy{.validity = config.ocsp.validity,
                             .cache_entries = config.ocsp.cache_entries,
                             .max_concurrent_signatures = config.ocsp.max_concurrent_signatures},
        *store, *signer, clock, random, log);
    revoker = std::make_unique<issuance::Revoker>(*store, node, clock, log, [this] { status_changed(); });
    devices = std::make_unique<issuance::DeviceRegister>(*store, *revoker, node, clock, log);
    checkpointer = std::make_unique<Checkpointer>(
        Checkpointer::Options{config.audit.origin, material.audit_key, config.audit.folder}, *store, *signer, random,
        log);
    root_crl = std::make_unique<RootCrlFile>(config.ca.root_crl, authority.chain.back(), log);
}

// adopt_own: what the ceremony issued under this CA for its own services is among its records, with a status.
void Daemon::Parts::adopt_own() {
    std::vector<x509::Certificate> own{material.ocsp_certificate};
    const auto& name = material.authority.certificate.fields().subject_der;
    if (material.tls && material.tls->leaf.fields().issuer_der == name) own.push_back(material.tls->leaf);
    for (const auto& certificate : own) {
        const auto adopted = issuance::adopt(*store, material.authority, node, certificate, clock.now(), random);
        const auto subject = x509::format_name(certificate.fields().subject);
        if (!adopted) {
            log.error(kRoom, "the certificate of " + subject + " has no record: " + adopted.error().describe());
        } else if (adopted.value()) {
            log.info(kRoom, "the certificate of " + subject + " has a record now");
        }
    }
}

// 4. What the last boot left open, and a CRL to serve. CRL numbers need only the store; certificates need the signer's
// journal.
Result<void> Daemon::Parts::settle() {
    adopt_own();
    SEALWRIGHT_TRY(publisher->settle());
    if (!signer->connected()) return success();
    if (auto opened = open_for_issuance(); !opened) {
        if (is_hopeless(opened.error().code())) return opened;
        log.warning(kRoom, "not open for issuance yet: " + opened.error().describe());
        return success();
    }
    if (publisher->current() && publisher->due() > clock.now()) return success();
    // The timer tries again; a daemon without a CRL still has much to do.
    if (auto published = publisher->publish_now(); !published)
        log.warning(kRoom, "no CRL could be published: " + published.error().describe());
    return success();
}

// 5. What goes on by itself; before the listeners, whose handlers wake it.
void Daemon::Parts::start_threads() {
    crl_timer = std::make_unique<CrlTimer>(*publisher, *store, material.authority.key.id(), clock, log,
                                           [this] { return open.load() && signer->connected(); });
    if (!open) opener = std::make_unique<Periodic>("opener", log, [this] { return try_to_open(); });
    housekeeper = std::make_unique<Periodic>("housekeeper", log, [this] { return keep_house(); });
    checkpoint_thread = std::make_unique<Periodic>("checkpointer", log, [this] { return make_checkpoint(); });
}

// 6. The listeners, last: nobody is served by a daemon that is half made.
Result<void> Daemon::Parts::listen() {
    using http_server::ListenerOptions;
    const auto workers = [](const char* name, std::size_t threads, std::size_t queue) {
        return std::make_shared<http_server::WorkerPool>(name, threads, queue);
    };
    // Pools of their own, so that a flood of OCSP requests starves neither issuance nor operators.
    https_workers = workers("https-worker", config.limits.workers, config.limits.queue);
    http_workers = workers("http-worker", std::max<std::size_t>(config.limits.workers / 2, 4), config.limits.queue);
    admin_workers = workers("admin-worker", 8, 64);
    server = std::make_unique<http_server::Server>(
        http_server::ServerOptions{
            .observe = [this](const http_server::Exchange& exchange) { metrics.observe(exchange); }},
        clock, log);

    http_server::Limits limits;
    limits.max_connections = config.limits.max_connections;
    limits.handling = config.lease + std::chrono::seconds{30};
    if (config.listen.http) {
        SEALWRIGHT_TRY(const auto port, server->listen({.name = "http",
                                                        .address = *config.listen.http,
                                                        .router = http_routes(),
                                                        .workers = http_workers,
                                                        .limits = limits}));
        SEALWRIGHT_TRY(write_port_file(config.state, "http", port));
        log.info(kRoom, "OCSP, CRL and health by HTTP on port " + std::to_string(port));
    }
    if (config.listen.https) {
        SEALWRIGHT_TRY(tls_key, hsm::openssl_provider::make_tls_key(*signer, material.tls->key, random));
        SEALWRIGHT_TRY(const auto context,
                       http_server::TlsContext::make(
                           {.certificate_chain_pem = material.tls->chain_pem,
                            .key = tls_key.get(),
                            .ask_client_certificate = true,
                            .acceptable_issuers = {material.authority.certificate.fields().subject_der.bytes()}}));
        SEALWRIGHT_TRY(const auto port, server->listen({.name = "https",
                                                        .address = *config.listen.https,
                                                        .tls = context,
                                                        .router = https_routes(),
                                                        .workers = https_workers,
                                                        .limits = limits}));
        SEALWRIGHT_TRY(write_port_file(config.state, "https", port));
        log.info(kRoom, "enrolment by HTTPS on port " + std::to_string(port));
    }
    limits.max_connections = 128;
    SEALWRIGHT_TRY(server->listen({.name = "admin",
                                   .address = http_server::UnixAddress{config.listen.admin, config.listen.admin_mode},
                                   .router = admin_routes(),
                                   .workers = admin_workers,
                                   .limits = limits}));
    log.info(kRoom, "operators on " + config.listen.admin.string());
    return success();
}

void Daemon::Parts::stop() {
    if (std::exchange(stopped, true)) return;
    draining = true;
    readiness.set("draining", "the daemon is stopping");
    notifier.stopping();
    log.info(kRoom, "stopping");
    if (server) server->stop(kDrainPatience);
    for (const auto& workers : {https_workers, http_workers, admin_workers}) {
        if (workers) workers->stop();
    }
    for (auto* thread : {&opener, &housekeeper, &checkpoint_thread}) {
        if (*thread) (*thread)->stop();
    }
    if (crl_timer) crl_timer->stop();
    if (!store || node.epoch == BootEpoch{}) return;

    const auto now = clock.now();
    issuance::Events events;
    events.push_back(issuance::EventMaker{node}.make(audit::EventKind::daemon_stopped, now, issuance::kDaemonActor));
    if (auto recorded = store->record(std::move(events), now); !recorded)
        log.warning(kRoom, "the end could not be recorded: " + recorded.error().describe());
    if (!checkpointer || !signer->connected()) return;
    if (auto last = checkpointer->checkpoint_and_export(); !last)
        log.warning(kRoom, "no last checkpoint: " + last.error().describe());
}

Daemon::Parts::~Parts() { stop(); }

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

void Daemon::stop() { parts_->stop(); }

Result<std::unique_ptr<Daemon>> Daemon::start(Config config, Material material, Notifier& notifier, Log& log) {
    auto parts = std::make_unique<Parts>(std::move(config), std::move(material), notifier, log);
    parts->readiness.set("starting", "the daemon is starting");
    SEALWRIGHT_TRY(parts->open_store());
    SEALWRIGHT_TRY(parts->connect_signer());
    parts->make_issuance();
    SEALWRIGHT_TRY(parts->settle());
    parts->start_threads();
    SEALWRIGHT_TRY(parts->listen());
    notifier.ready(parts->open ? "serving" : "serving; waiting for the signer");
    log.info(kRoom, parts->open ? "ready" : "listening; waiting for the signer");
    return std::unique_ptr<Daemon>{new Daemon{std::move(parts)}};
}

}  // namespace sealwright::server
