// parts.hpp: what the daemon is made of, in the order in which it is made; and the functions that put it together.
// Internal to this room.
#pragma once

#include "hsm/openssl_provider/tls_key.hpp"
#include "http_server/server.hpp"
#include "issuance/crl_publisher.hpp"
#include "issuance/ocsp_responder.hpp"
#include "issuance/device_register.hpp"
#include "issuance/revocation.hpp"
#include "protocols/native/native_protocol.hpp"
#include "server/checkpointer.hpp"
#include "server/crl_timer.hpp"
#include "server/daemon.hpp"
#include "server/keyed_buckets.hpp"
#include "server/metrics.hpp"
#include "server/readiness.hpp"
#include "server/root_crl_file.hpp"
#include "server/signer_link.hpp"
#include "server/state_lock.hpp"
#include "server/token_bucket.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace sealwright::server {

struct Daemon::Parts {
    Parts(Config given_config, Material given_material, Notifier& given_notifier, Log& given_log)
        : config(std::move(given_config)),
          material(std::move(given_material)),
          notifier(given_notifier),
          log(given_log) {}
    ~Parts();

    // daemon.cpp: the steps of start and stop, in their order.
    Result<void> open_store();
    Result<void> connect_signer();
    void make_issuance();
    void adopt_own();
    Result<void> settle();
    void start_threads();
    Result<void> listen();
    void stop();

    // opening.cpp: from a connected signer to a daemon that may issue.
    Result<void> open_for_issuance();
    std::chrono::milliseconds try_to_open();

    // housekeeping.cpp
    std::chrono::milliseconds keep_house();
    void settle_again();
    void expire_challenges();
    void notice_changes();
    static void give_back_memory();
    std::chrono::milliseconds make_checkpoint();

    // reporting.cpp
    void judge();  // brings readiness up to now
    std::optional<protocols::admin::Counts> counts(std::chrono::seconds how_old);
    protocols::admin::StatusReport status(std::chrono::seconds how_old = std::chrono::seconds{0});
    Gauges gauges();

    // routes.cpp
    std::shared_ptr<const http_server::Router> https_routes();
    std::shared_ptr<const http_server::Router> http_routes();
    std::shared_ptr<const http_server::Router> admin_routes();
    Result<void> may_serve() const;
    bool may_record();
    void status_changed();

    const Config config;
    Material material;
    Notifier& notifier;
    Log& log;
    SystemClock clock;
    crypto::SystemRandom random;
    Readiness readiness;
    Metrics metrics;
    KeyedBuckets askers{5, 100};     // of one credential, a second
    TokenBucket refusals{50, 1000};  // of unauthenticated peers, a second; see may_record
    UtcTime started_at{};
    std::mutex counting;  // of the two below
    std::optional<protocols::admin::Counts> counted;
    std::chrono::steady_clock::time_point counted_at{};

    std::optional<StateLock> lock;
    std::unique_ptr<store::sqlite::SqliteStore> store;
    issuance::Node node;
    std::unique_ptr<SignerLink> signer;

    std::unique_ptr<issuance::Engine> engine;
    std::unique_ptr<issuance::CrlPublisher> publisher;
    std::unique_ptr<issuance::OcspResponder> ocsp;
    std::unique_ptr<issuance::Revoker> revoker;
    std::unique_ptr<issuance::DeviceRegister> devices;
    std::unique_ptr<Checkpointer> checkpointer;
    std::unique_ptr<RootCrlFile> root_crl;

    // open: what the last boot left is settled, issuance may begin. draining: it must end.
    std::atomic<bool> open{false}, draining{false};
    std::uint64_t change_counter = 0;  // of the housekeeper
    std::chrono::steady_clock::time_point next_settlement{}, next_probe{}, next_give_back{};

    std::unique_ptr<CrlTimer> crl_timer;
    std::unique_ptr<Periodic> opener, housekeeper, checkpoint_thread;

    std::unique_ptr<protocols::native::NativeProtocol> native;
    std::unique_ptr<protocols::admin::Ports> admin;
    std::shared_ptr<evp_pkey_st> tls_key;
    std::shared_ptr<http_server::WorkerPool> https_workers, http_workers, admin_workers;
    std::unique_ptr<http_server::Server> server;
    bool stopped = false;
};

}  // namespace sealwright::server
