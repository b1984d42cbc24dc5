#include "store/sqlite/sqlite_store.hpp"

#include "base/boundary.hpp"
#include "crypto/random.hpp"
#include "store/sqlite/certificates.hpp"
#include "store/sqlite/crls.hpp"
#include "store/sqlite/devices.hpp"
#include "store/sqlite/limits.hpp"
#include "store/sqlite/maintenance.hpp"
#include "store/sqlite/migrations.hpp"
#include "store/sqlite/reader_pool.hpp"
#include "store/sqlite/requests.hpp"
#include "store/sqlite/revocations.hpp"
#include "store/sqlite/secrets.hpp"
#include "store/sqlite/writer.hpp"

namespace sealwright::store::sqlite {

using issuance::Events;

struct SqliteStore::Parts {
    Parts(const Options& its_options, Connection connection, std::unique_ptr<ReaderPool> its_readers, Log& log)
        : options(its_options), writer(std::move(connection), options, log), readers(std::move(its_readers)) {}

    // change commits one verb of the given time with its audit events.
    Result<void> change(UtcTime now, const Events& events, std::function<Result<void>(Connection&)> work,
                        std::string_view boundary = {}) {
        Change change;
        change.now = now;
        change.boundary = boundary;
        change.leaves = prepare_leaves(events);
        change.work = std::move(work);
        return writer.commit(change);
    }

    // read lends a reader to one query.
    template <class Work>
    auto read(const Work& work) {
        const auto reader = readers->take();
        return work(*reader);
    }
    // read_snapshot is for several queries that must see one state.
    template <class Work>
    auto read_snapshot(const Work& work) -> decltype(work(std::declval<Connection&>())) {
        const auto reader = readers->take();
        SEALWRIGHT_TRY(const auto snapshot, Snapshot::begin(*reader));
        return work(*reader);
    }

    const Options options;
    // The writer's connection closes last: it copies the write-ahead log back and removes it, which a reader cannot.
    Writer writer;
    std::unique_ptr<ReaderPool> readers;
};

namespace {

Result<std::string> text_of_pragma(Connection& connection, const char* sql) {
    SEALWRIGHT_TRY(auto query, connection.query(sql));
    SEALWRIGHT_TRY(const bool found, query.step());
    return std::string{found ? query.text(0) : std::string_view{}};
}

Result<void> check_writable(Connection& connection, const std::filesystem::path& path) {
    if (connection.is_read_only())
        return fail(ErrorCode::storage, "the store cannot be written", path.string() + " is read-only");
    SEALWRIGHT_TRY(const auto mode, text_of_pragma(connection, "PRAGMA journal_mode"));
    if (mode != "wal")
        return fail(ErrorCode::storage, "the store cannot use a write-ahead log",
                    path.string() + ": journal_mode is " + mode);
    return success();
}

Result<void> found_if_new(Connection& connection) {
    SEALWRIGHT_TRY(connection.execute("BEGIN IMMEDIATE"));
    auto done = [&]() -> Result<void> {
        SEALWRIGHT_TRY(const bool founded, has_site(connection));
        crypto::SystemRandom random;
        if (!founded) {
            SEALWRIGHT_TRY(found_site(connection, crypto::random_id<NodeId>(random)));
        }
        return connection.execute("COMMIT");
    }();
    if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
    return done;
}

Result<void> check_sound(Connection& connection, const Options& options) {
    if (options.quick_check) {
        SEALWRIGHT_TRY(const auto verdict, text_of_pragma(connection, "PRAGMA quick_check(1)"));
        if (verdict != "ok")
            return fail(ErrorCode::storage, "the store needs maintenance: its file is damaged", verdict);
    }
    SEALWRIGHT_TRY(load_node(connection));
    return verify_log(connection, options.verified_leaves);
}

}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& path, const Options& options,
                                                       Log& log) {
    SEALWRIGHT_TRY(auto connection, Connection::open(path, Connection::Mode::create, options.busy_timeout));
    SEALWRIGHT_TRY(check_writable(connection, path));
    if (options.max_pages != 0) {
        SEALWRIGHT_TRY(connection.execute("PRAGMA max_page_count = " + std::to_string(options.max_pages)));
    }
    if (options.migrate) {
        SEALWRIGHT_TRY(migrate(connection, migrations()));
        SEALWRIGHT_TRY(found_if_new(connection));
    } else {
        SEALWRIGHT_TRY(check_is_migrated(connection, migrations()));
    }
    SEALWRIGHT_TRY(check_sound(connection, options));
    SEALWRIGHT_TRY(auto readers, ReaderPool::open(path, options.readers, options.busy_timeout));
    return std::unique_ptr<SqliteStore>{
        new SqliteStore{std::make_unique<Parts>(options, std::move(connection), std::move(readers), log)}};
}

Result<Standing> SqliteStore::standing() {
    return parts_->read_snapshot([](Connection& c) { return read_standing(c); });
}

Result<void> SqliteStore::raise_boot(BootEpoch from, BootEpoch to, UtcTime now, Events events) {
    return parts_->change(now, events, [&](Connection& c) { return sqlite::raise_boot(c, from, to); });
}

Result<void> SqliteStore::raise_crl_number(const KeyId& issuer_key, std::uint64_t from, std::uint64_t to, UtcTime now,
                                           Events events) {
    return parts_->change(now, events,
                          [&](Connection& c) { return sqlite::raise_crl_number(c, issuer_key, from, to); });
}

Result<void> SqliteStore::accept_clock(UtcTime last_commit, UtcTime now, Events events) {
    Change change;
    change.clock_rule = Change::ClockRule::becomes_last_commit;
    change.now = now;
    change.leaves = prepare_leaves(events);
    change.work = [&](Connection& c) {
        return check_clock_is_behind(c, last_commit, now, parts_->options.clock_tolerance);
    };
    return parts_->writer.commit(change);
}

Result<BootEpoch> SqliteStore::open_epoch(const NodeId& node, UtcTime now, Events events) {
    BootEpoch epoch;
    Change change;
    change.now = now;
    change.work = [&](Connection& connection) -> Result<void> {
        SEALWRIGHT_TRY(epoch, next_epoch(connection, node));
        for (issuance::Event& event : events) event.epoch = epoch;
        change.leaves = prepare_leaves(events);
        return success();
    };
    SEALWRIGHT_TRY(parts_->writer.commit(change));
    return epoch;
}

Result<NodeId> SqliteStore::node_id() {
    return parts_->read([](Connection& connection) { return load_node(connection); });
}

Result<issuance::IntentReceipt> SqliteStore::intend(issuance::Intent intent, Events events) {
    SEALWRIGHT_TRY(parts_->change(
        intent.now, events, [&](Connection& c) { return sqlite::intend(c, intent); }, boundary::kIntendBegun));
    return make_receipt(intent.id, intent.serial, intent.tbs_digest, intent.lease_until);
}

Result<void> SqliteStore::complete(issuance::Completion completion, Events events) {
    auto tbs_digest = tbs_digest_of(completion.certificate.view());
    if (!tbs_digest)
        return fail(ErrorCode::conflict, "the certificate is not the one that was intended",
                    tbs_digest.error().describe());
    return parts_->change(
        completion.now, events, [&](Connection& c) { return sqlite::complete(c, completion, tbs_digest.value()); },
        boundary::kCompleteBegun);
}

Result<void> SqliteStore::adopt(issuance::Intent intent, CertificateDer certificate, Events events) {
    const auto digest = tbs_digest_of(certificate.view());
    if (!digest || digest.value() != intent.tbs_digest)
        return fail(ErrorCode::conflict, "the certificate is not the one of the intent");
    const issuance::Completion completion{intent.id, intent.node, intent.serial, std::move(certificate), intent.now};
    return parts_->change(intent.now, events, [&](Connection& c) -> Result<void> {
        SEALWRIGHT_TRY(sqlite::intend(c, intent));
        return sqlite::complete(c, completion, intent.tbs_digest);
    });
}

Result<void> SqliteStore::refuse(issuance::Refusal refusal, Events events) {
    return parts_->change(refusal.now, events, [&](Connection& c) { return sqlite::refuse(c, refusal); });
}

Result<void> SqliteStore::park(issuance::PendingRequest pending, Events events) {
    return parts_->change(pending.now, events, [&](Connection& c) { return sqlite::park(c, pending); });
}

Result<unsigned> SqliteStore::approve(const RequestId& request, std::string_view officer, UtcTime now, Events events) {
    unsigned count = 0;
    SEALWRIGHT_TRY(parts_->change(now, events, [&](Connection& c) -> Result<void> {
        SEALWRIGHT_TRY(count, sqlite::approve(c, request, officer, now));
        return success();
    }));
    return count;
}

Result<void> SqliteStore::record(Events events, UtcTime now) {
    return parts_->change(now, events, [](Connection&) -> Result<void> { return success(); });
}

Result<std::vector<issuance::OpenIntent>> SqliteStore::open_intents(const issuance::Node& node, UtcTime now) {
    return parts_->read([&](Connection& c) { return read_open_intents(c, node, now); });
}

Result<void> SqliteStore::settle(const IntentId& intent, issuance::Settlement settlement, UtcTime now, Events events) {
    return parts_->change(now, events, [&](Connection& c) {
        return sqlite::settle(c, intent, settlement, now, parts_->options.change_history);
    });
}

Result<issuance::CertificateRecord> SqliteStore::certificate(const SerialNumber& serial) {
    return parts_->read([&](Connection& c) { return read_certificate(c, serial); });
}

Result<std::vector<issuance::CertificateRecord>> SqliteStore::certificates(const issuance::CertificateFilter& filter) {
    return parts_->read_snapshot([&](Connection& c) { return read_certificates(c, filter); });
}

Result<issuance::RequestRecord> SqliteStore::request(const RequestId& id) {
    return parts_->read_snapshot([&](Connection& c) { return read_request(c, id); });
}

Result<std::vector<issuance::RequestRecord>> SqliteStore::requests(std::optional<issuance::RequestState> state,
                                                                   std::size_t limit) {
    return parts_->read_snapshot([&](Connection& c) { return read_requests(c, state, limit); });
}

Result<issuance::Status> SqliteStore::status(const KeyId& issuer_key, const SerialNumber& serial) {
    return parts_->read([&](Connection& c) { return read_status(c, issuer_key, serial); });
}

Result<void> SqliteStore::revoke(const SerialNumber& serial, issuance::Revocation revocation, Events events) {
    return parts_->change(
        revocation.at, events,
        [&](Connection& c) { return sqlite::revoke(c, serial, revocation, parts_->options.change_history); },
        boundary::kRevokeBegun);
}

Result<void> SqliteStore::release(const SerialNumber& serial, UtcTime now, Events events) {
    return parts_->change(now, events,
                          [&](Connection& c) { return sqlite::release(c, serial, parts_->options.change_history); });
}

Result<void> SqliteStore::for_each_revoked(const KeyId& issuer_key, UtcTime now,
                                           const std::function<void(const x509::CrlEntry&)>& visit) {
    return parts_->read([&](Connection& c) { return visit_revoked(c, issuer_key, now, visit); });
}

Result<std::uint64_t> SqliteStore::reserve_crl_number(const KeyId& issuer_key, UtcTime now) {
    std::uint64_t number = 0;
    SEALWRIGHT_TRY(parts_->change(now, {}, [&](Connection& c) -> Result<void> {
        SEALWRIGHT_TRY(number, sqlite::reserve_crl_number(c, issuer_key));
        return success();
    }));
    return number;
}

Result<void> SqliteStore::intend_crl(issuance::CrlIntent intent, Events events) {
    return parts_->change(intent.now, events, [&](Connection& c) { return sqlite::intend_crl(c, intent); });
}

Result<void> SqliteStore::complete_crl(const IntentId& intent, issuance::CrlRecord record, Events events) {
    // thisUpdate was before the token was asked: it is not the time of this commit and says nothing of the clock.
    Change change;
    change.clock_rule = Change::ClockRule::none;
    change.leaves = prepare_leaves(events);
    change.work = [&](Connection& c) { return sqlite::complete_crl(c, intent, record, parts_->options.kept_crls); };
    return parts_->writer.commit(change);
}

Result<void> SqliteStore::abandon_crl(const IntentId& intent, UtcTime now, Events events) {
    return parts_->change(now, events, [&](Connection& c) { return sqlite::abandon_crl(c, intent); });
}

Result<std::vector<issuance::CrlIntent>> SqliteStore::open_crl_intents(const issuance::Node& node, UtcTime) {
    return parts_->read([&](Connection& c) { return read_open_crl_intents(c, node); });
}

Result<std::optional<issuance::CrlRecord>> SqliteStore::latest_crl(const KeyId& issuer_key) {
    return parts_->read([&](Connection& c) { return sqlite::latest_crl(c, issuer_key); });
}

Result<void> SqliteStore::create_secret(issuance::SecretRecord record, UtcTime now, Events events) {
    return parts_->change(now, events, [&](Connection& c) { return sqlite::create_secret(c, record); });
}

Result<std::vector<issuance::SecretRecord>> SqliteStore::secrets() {
    return parts_->read([](Connection& c) { return read_secrets(c); });
}

Result<std::optional<issuance::SecretRecord>> SqliteStore::find_secret(const Sha256& secret_hash) {
    return parts_->read([&](Connection& c) { return sqlite::find_secret(c, secret_hash); });
}

Result<void> SqliteStore::revoke_secret(std::string_view id, UtcTime now, Events events) {
    return parts_->change(now, events, [&](Connection& c) { return sqlite::revoke_secret(c, id, now); });
}

Result<std::size_t> SqliteStore::import_eks(const std::vector<issuance::EkEntry>& entries, UtcTime now, Events events) {
    std::size_t added = 0;
    SEALWRIGHT_TRY(parts_->change(now, events, [&](Connection& c) -> Result<void> {
        SEALWRIGHT_TRY(added, sqlite::import_eks(c, entries));
        return success();
    }));
    return added;
}

Result<void> SqliteStore::remove_ek(const KeyId& ek, UtcTime now, Events events) {
    return parts_->change(now, events, [&](Connection& c) { return sqlite::remove_ek(c, ek); });
}

Result<bool> SqliteStore::is_ek_listed(const KeyId& ek) {
    return parts_->read([&](Connection& c) { return sqlite::is_ek_listed(c, ek); });
}

Result<std::vector<issuance::EkEntry>> SqliteStore::eks(const std::optional<KeyId>& after, std::size_t limit) {
    return parts_->read([&](Connection& c) { return read_eks(c, after, limit); });
}

Result<issuance::DeviceRecord> SqliteStore::device(const KeyId& ek, UtcTime now) {
    return parts_->read_snapshot([&](Connection& c) { return read_device(c, ek, now); });
}

Result<std::vector<issuance::DeviceRecord>> SqliteStore::devices(const issuance::DeviceFilter& filter) {
    return parts_->read_snapshot([&](Connection& c) { return read_devices(c, filter); });
}

Result<void> SqliteStore::end_device(const KeyId& ek, issuance::DeviceState state, UtcTime now, Events events) {
    return parts_->change(now, events, [&](Connection& c) { return sqlite::end_device(c, ek, state, now); });
}

Result<std::optional<KeyId>> SqliteStore::device_of(const SerialNumber& serial) {
    return parts_->read([&](Connection& c) { return sqlite::device_of(c, serial); });
}

Result<Bytes> SqliteStore::attestation(const RequestId& request) {
    return parts_->read([&](Connection& c) { return read_attestation(c, request); });
}

Result<std::vector<RequestId>> SqliteStore::challenged(std::string_view principal) {
    return parts_->read([&](Connection& c) { return read_challenged(c, principal); });
}

Result<audit::TreeHead> SqliteStore::audit_head() {
    return parts_->read([](Connection& c) -> Result<audit::TreeHead> {
        SEALWRIGHT_TRY(const auto site, load_site(c));
        return site.range.head();
    });
}

Result<std::vector<Bytes>> SqliteStore::audit_leaves(std::uint64_t first, std::uint64_t last) {
    return parts_->read_snapshot([&](Connection& c) { return read_leaves(c, first, last); });
}

Result<Sha256> SqliteStore::audit_node(unsigned level, std::uint64_t index) {
    return parts_->read([&](Connection& c) { return read_node(c, level, index); });
}

Result<void> SqliteStore::save_checkpoint(std::string note, const audit::TreeHead& head) {
    Change change;
    change.clock_rule = Change::ClockRule::none;
    change.work = [&](Connection& c) { return sqlite::save_checkpoint(c, note, head); };
    return parts_->writer.commit(change);
}

Result<std::optional<std::string>> SqliteStore::latest_checkpoint() {
    return parts_->read([](Connection& c) { return sqlite::latest_checkpoint(c); });
}

Result<issuance::CaStore::Changes> SqliteStore::changed_since(std::uint64_t counter) {
    return parts_->read_snapshot([&](Connection& c) { return read_changes(c, counter); });
}

Result<issuance::CaStore::Counts> SqliteStore::counts() {
    return parts_->read_snapshot([](Connection& c) { return read_counts(c); });
}

bool SqliteStore::healthy() const noexcept { return parts_->writer.healthy(); }

Result<void> SqliteStore::probe(UtcTime now) { return record({}, now); }

}  // namespace sealwright::store::sqlite
