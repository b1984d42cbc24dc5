// sqlite_store.hpp: the embedded CaStore: one SQLite file in WAL mode, one writer thread that commits what waits
// together, readers beside it.
//
// docs/adr/0005 says why. Rows are not trusted: what does not have the form that was written gives ErrorCode::storage
// with the row in the private detail.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.hpp"
#include "issuance/ca_store.hpp"

namespace sealwright::store::sqlite {

// Options: the defaults are for production; nothing here weakens durability.
struct Options {
    std::chrono::seconds clock_tolerance{5};  // how far a caller's time may lie before the last committed one
    std::size_t max_batch = 256;              // verbs in one transaction
    std::chrono::microseconds group_delay{
        1000};                        // how long a commit waits for others at most, and only while they are expected
    std::size_t max_waiting = 10000;  // verbs in the queue; beyond it overloaded
    std::size_t readers = 4;          // read-only connections
    std::chrono::milliseconds busy_timeout{5000};  // for another process that holds the file's lock (a backup)
    std::size_t checkpoint_pages = 8000;           // WAL pages (32 MiB) after which the writer copies them back
    std::uint64_t change_history = 100000;         // entries that changed_since can look back
    std::uint64_t kept_crls = 8;                   // newest CRLs whose bytes are kept; all numbers are
    std::uint64_t verified_leaves = 1024;  // how many of the newest audit entries open hashes again; UINT64_MAX for all
    bool quick_check = false;              // PRAGMA quick_check before use: reads the whole file
    std::uint64_t max_pages = 0;           // bound on the file's size in pages; 0: none
    bool migrate = true;  // false: a file that is not of this program's schema is a conflict, and stays what it is
};

// Standing is what a store goes on from: numbers that only grow. boot 0: its node never booted.
struct Standing {
    struct Issuer {
        KeyId key;
        std::uint64_t crl_number = 0;  // the highest that was ever reserved
    };
    NodeId node;
    BootEpoch boot;
    UtcTime last_commit{};
    std::vector<Issuer> issuers;  // in the order in which they came; at most 1,001
};

// SqliteStore: see ca_store.hpp for every verb. Differences that the port leaves open:
// - open_epoch writes the new epoch into the events that it is given.
// - A request whose intent was abandoned reads as refused (unavailable).
// - changed_since does not list a serial that goes from unknown to good: nobody can have asked for 128 random bits
// before they left.
// - secrets lists the newest 10,000, listings of certificates and requests at most 1,001 at once.
// - for_each_revoked holds one of the readers while it visits.
class SqliteStore final : public issuance::CaStore {
public:
    // open makes the file (mode 0600) where there is none, migrates an older schema, and checks that the audit log's
    // head, leaves and nodes agree. Errors: storage; conflict when the schema is newer than this program; storage "...
    // needs maintenance" when the file contradicts itself. log must outlive the store.
    static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& path, const Options& options,
                                                     Log& log);
    // ~SqliteStore refuses what still waits (unavailable), commits what has begun and closes. No verb may be running.
    ~SqliteStore() override;

    // What follows is for an operator, while no daemon uses the store (server/store_commands.hpp). Each change is one
    // commit with its audit events, for a standing that the operator was shown: conflict where another stands by now.
    Result<Standing> standing();
    // raise_boot and raise_crl_number set what the next boot and the next CRL of an issuer follow upon. conflict where
    // `to` is not greater than `from`, too_large from 2^62 on. A key that never had a CRL stands at 0; whether it is a
    // CA's key is the caller's to know.
    Result<void> raise_boot(BootEpoch from, BootEpoch to, UtcTime now, issuance::Events events);
    Result<void> raise_crl_number(const KeyId& issuer_key, std::uint64_t from, std::uint64_t to, UtcTime now,
                                  issuance::Events events);
    // accept_clock is for one who has made sure that the last committed time was wrong and now is right: it becomes the
    // last committed time, however far back it lies. conflict where the clock is not behind by more than the tolerance.
    Result<void> accept_clock(UtcTime last_commit, UtcTime now, issuance::Events events);

    Result<BootEpoch> open_epoch(const NodeId& node, UtcTime now, issuance::Events events) override;
    Result<NodeId> node_id() override;
    Result<issuance::IntentReceipt> intend(issuance::Intent intent, issuance::Events events) override;
    Result<void> complete(issuance::Completion completion, issuance::Events events) override;
    Result<void> adopt(issuance::Intent intent, CertificateDer certificate, issuance::Events events) override;
    Result<void> refuse(issuance::Refusal refusal, issuance::Events events) override;
    Result<void> park(issuance::PendingRequest pending, issuance::Events events) override;
    Result<unsigned> approve(const RequestId& request, std::string_view officer, UtcTime now,
                             issuance::Events events) override;
    Result<void> record(issuance::Events events, UtcTime now) override;
    Result<std::vector<issuance::OpenIntent>> open_intents(const issuance::Node& node, UtcTime now) override;
    Result<void> settle(const IntentId& intent, issuance::Settlement settlement, UtcTime now,
                        issuance::Events events) override;
    Result<issuance::CertificateRecord> certificate(const SerialNumber& serial) override;
    Result<std::vector<issuance::CertificateRecord>> certificates(const issuance::CertificateFilter& filter) override;
    Result<issuance::RequestRecord> request(const RequestId& id) override;
    Result<std::vector<issuance::RequestRecord>> requests(std::optional<issuance::RequestState> state,
                                                          std::size_t limit) override;
    Result<issuance::Status> status(const KeyId& issuer_key, const SerialNumber& serial) override;
    Result<void> revoke(const SerialNumber& serial, issuance::Revocation revocation, issuance::Events events) override;
    Result<void> release(const SerialNumber& serial, UtcTime now, issuance::Events events) override;
    Result<void> for_each_revoked(const KeyId& issuer_key, UtcTime now,
                                  const std::function<void(const x509::CrlEntry&)>& visit) override;
    Result<std::uint64_t> reserve_crl_number(const KeyId& issuer_key, UtcTime now) override;
    Result<void> intend_crl(issuance::CrlIntent intent, issuance::Events events) override;
    Result<void> complete_crl(const IntentId& intent, issuance::CrlRecord record, issuance::Events events) override;
    Result<void> abandon_crl(const IntentId& intent, UtcTime now, issuance::Events events) override;
    Result<std::vector<issuance::CrlIntent>> open_crl_intents(const issuance::Node& node, UtcTime now) override;
    Result<std::optional<issuance::CrlRecord>> latest_crl(const KeyId& issuer_key) override;
    Result<void> create_secret(issuance::SecretRecord record, UtcTime now, issuance::Events events) override;
    Result<std::vector<issuance::SecretRecord>> secrets() override;
    Result<std::optional<issuance::SecretRecord>> find_secret(const Sha256& secret_hash) override;
    Result<void> revoke_secret(std::string_view id, UtcTime now, issuance::Events events) override;
    Result<std::size_t> import_eks(const std::vector<issuance::EkEntry>& entries, UtcTime now,
                                   issuance::Events events) override;
    Result<void> remove_ek(const KeyId& ek, UtcTime now, issuance::Events events) override;
    Result<bool> is_ek_listed(const KeyId& ek) override;
    Result<std::vector<issuance::EkEntry>> eks(const std::optional<KeyId>& after, std::size_t limit) override;
    Result<issuance::DeviceRecord> device(const KeyId& ek, UtcTime now) override;
    Result<std::vector<issuance::DeviceRecord>> devices(const issuance::DeviceFilter& filter) override;
    Result<void> end_device(const KeyId& ek, issuance::DeviceState state, UtcTime now,
                            issuance::Events events) override;
    Result<std::optional<KeyId>> device_of(const SerialNumber& serial) override;
    Result<Bytes> attestation(const RequestId& request) override;
    Result<std::vector<RequestId>> challenged(std::string_view principal) override;

    Result<audit::TreeHead> audit_head() override;
    Result<std::vector<Bytes>> audit_leaves(std::uint64_t first, std::uint64_t last) override;
    Result<Sha256> audit_node(unsigned level, std::uint64_t index) override;
    Result<void> save_checkpoint(std::string note, const audit::TreeHead& head) override;
    Result<std::optional<std::string>> latest_checkpoint() override;
    Result<Changes> changed_since(std::uint64_t counter) override;
    Result<Counts> counts() override;
    bool healthy() const noexcept override;
    Result<void> probe(UtcTime now) override;

private:
    struct Parts;
    explicit SqliteStore(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace sealwright::store::sqlite
