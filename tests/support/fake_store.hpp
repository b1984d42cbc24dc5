// fake_store.hpp: a CaStore in memory that obeys the port's contract, for tests of everything above the port. It keeps
// the audit log as leaves and as events, and can be told to fail at any verb.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "issuance/ca_store.hpp"

namespace sealwright::test {

enum class Verb {
    open_epoch,
    node_id,
    intend,
    complete,
    adopt,
    refuse,
    park,
    approve,
    record,
    open_intents,
    settle,
    certificate,
    certificates,
    request,
    requests,
    status,
    revoke,
    release,
    for_each_revoked,
    reserve_crl_number,
    intend_crl,
    complete_crl,
    abandon_crl,
    open_crl_intents,
    latest_crl,
    create_secret,
    secrets,
    find_secret,
    revoke_secret,
    import_eks,
    remove_ek,
    is_ek_listed,
    eks,
    device,
    devices,
    end_device,
    device_of,
    attestation,
    challenged,
    audit_head,
    audit_leaves,
    audit_node,
    save_checkpoint,
    latest_checkpoint,
    changed_since,
    counts,
    probe,
};

class FakeStore final : public issuance::CaStore {
public:
    static constexpr std::chrono::seconds kClockTolerance{5};

    explicit FakeStore(NodeId node = {});
    ~FakeStore() override;

    // fail_next makes the next call of a verb fail, changing nothing; fail_always every call until heal.
    void fail_next(Verb verb, Error error);
    void fail_always(Verb verb, Error error);
    void heal();
    // before is called at the start of each call of a verb, without the lock.
    void before(Verb verb, std::function<void()> hook);
    // change_log_limit: changed_since says overflow for what is further back.
    void change_log_limit(std::size_t entries);
    // plant changes a stored certificate, for tests of what is done with a row that was tampered with.
    void plant_certificate(const SerialNumber& serial, Bytes der);
    // accept_clock is what an operator does whose clock ran ahead: the last commit is of this time.
    void accept_clock(UtcTime now);

    std::vector<audit::Event> events() const;
    std::vector<audit::Event> events(audit::EventKind kind) const;
    std::size_t calls(Verb verb) const;
    std::vector<issuance::OpenIntent> all_open_intents() const;

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
    void put(const issuance::Intent& intent);
    // fake_store_devices.cpp; with the lock held.
    Result<void> check_identity(const issuance::Intent& intent) const;
    void put_device(const issuance::Intent& intent);
    void put_attestation(const RequestId& request, const Bytes& record);
    bool was_ended(const SerialNumber& serial) const;
    struct State;
    // enter counts the call, runs the hook and gives the planned failure; write_at also minds the clock. Both return
    // with the lock held on success.
    Result<std::unique_lock<std::mutex>> enter(Verb verb);
    Result<std::unique_lock<std::mutex>> write_at(Verb verb, UtcTime now);
    void commit(UtcTime now, issuance::Events events);

    mutable std::mutex mutex_;
    std::unique_ptr<State> state_;
};

}  // namespace sealwright::test
