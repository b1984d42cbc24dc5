// ca_store.hpp: what issuance needs of a database, in its own words. Adapters: store/sqlite (and later store/postgres),
// one contract suite for both (tests/contract). Every verb that changes something takes its audit events and commits
// both or neither; when it returns, the change is durable.
//
// Threads: every verb may be called from many threads; calls block. An adapter commits calls that wait together in one
// transaction (group commit); a call that fails in it fails alone. Errors: storage (nothing was changed; issuance must
// stop until a write succeeds), clock (the clock went back against the last committed time by more than the tolerance;
// nothing was changed), else as said at each verb.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "audit/event.hpp"
#include "audit/merkle_tree.hpp"
#include "issuance/device_store.hpp"
#include "issuance/request.hpp"
#include "x509/crl.hpp"

namespace sealwright::issuance {

using audit::Event;
using Events = std::vector<Event>;

// Node is this daemon's identity for one boot; every intent carries it.
struct Node {
    NodeId id;
    BootEpoch epoch;
};

// Intent is all that must be durable before the token is asked.
struct Intent {
    IntentId id;
    RequestId request;
    Node node;
    UtcTime lease_until{};
    // The request, stored with it.
    UtcTime received_at{};
    std::string principal, channel, peer, profile;
    Sha256 profile_digest;
    Bytes proof;  // the CSR
    std::optional<std::string>
        secret_id;  // used up in the same transaction: conflict when it was used, expired or revoked meanwhile
    bool resumes_request = false;      // true when the request row exists already (awaiting approval, challenged)
    std::optional<RequestState> from;  // what its state must be then; conflict else
    // The certificate to be.
    SerialNumber serial;  // primary key: already_exists on collision, the caller draws another
    KeyId issuer_key;
    Bytes tbs;
    Sha256 tbs_digest;
    NameDer subject;
    std::string names;  // for listings: RFC 4514 subject and SANs as text
    KeyId subject_key;
    UtcTime not_before{}, not_after{};
    std::optional<SerialNumber> renews;
    // Where a TPM proved the key: the device, bound to the names in the same transaction (denied: its EK is revoked or
    // has another identity, or another device has this one), and the record.
    std::optional<AttestedDevice> device;
    Bytes attestation;
    UtcTime now{};
};

// IntentReceipt proves that an intent is durable. Only a store makes it, only the issuer uses it up: there is no other
// call path to the CA key.
class IntentReceipt {
public:
    IntentReceipt(IntentReceipt&&) noexcept = default;
    IntentReceipt& operator=(IntentReceipt&&) noexcept = default;
    IntentReceipt(const IntentReceipt&) = delete;
    IntentReceipt& operator=(const IntentReceipt&) = delete;
    const IntentId& id() const noexcept { return id_; }
    const SerialNumber& serial() const noexcept { return serial_; }
    const Sha256& tbs_digest() const noexcept { return tbs_digest_; }
    UtcTime lease_until() const noexcept { return lease_until_; }

private:
    friend class CaStore;
    IntentReceipt(IntentId id, SerialNumber serial, Sha256 tbs_digest, UtcTime lease_until)
        : id_(id), serial_(serial), tbs_digest_(tbs_digest), lease_until_(lease_until) {}
    IntentId id_;
    SerialNumber serial_;
    Sha256 tbs_digest_;
    UtcTime lease_until_{};
};

struct Completion {
    IntentId intent;
    Node node;
    SerialNumber serial;
    CertificateDer certificate;
    UtcTime now{};
};

struct Refusal {
    RequestId request;
    UtcTime received_at{};
    std::string principal, channel, peer, profile;
    Bytes proof;  // may be empty or truncated to what was readable
    ErrorCode code = ErrorCode::denied;
    std::string reason;  // public text
    bool resumes_request = false;
    std::optional<RequestState> from = {};  // as of an intent
    Bytes attestation;                      // the record of one that was refused, or empty
    UtcTime now{};
};

struct PendingRequest {  // for received, challenged, awaiting_approval
    RequestId request;
    RequestState state = RequestState::awaiting_approval;
    UtcTime received_at{};
    std::string principal, channel, peer, profile;
    Bytes proof;
    Bytes resume_token;  // opaque to the store
    std::optional<std::string> secret_id;
    std::optional<RequestState> from = {};  // of one that is known already: as of an intent
    Bytes attestation;                      // the record of one that waits for approvals, or empty
    UtcTime now{};
};

struct RequestRecord {
    RequestId id;
    RequestState state{};
    UtcTime received_at{}, updated_at{};
    std::string principal, channel, peer, profile;
    Bytes proof, resume_token;
    std::optional<std::string> secret_id;
    std::optional<SerialNumber> serial;  // from intended on
    std::optional<ErrorCode> code;       // of a refusal
    std::string reason;
    std::vector<std::string> approvals;  // who approved
};

enum class CertificateState : std::uint8_t { intended = 1, issued, indeterminate, abandoned };
std::string_view certificate_state_name(CertificateState state) noexcept;

struct Revocation {
    UtcTime at{};
    x509::RevocationReason reason{};
    std::optional<UtcTime> invalidity_date;
};

struct CertificateRecord {
    SerialNumber serial;
    CertificateState state{};
    RequestId request;
    IntentId intent;
    KeyId issuer_key, subject_key;
    std::string profile, principal, names;
    UtcTime not_before{}, not_after{}, intended_at{};
    std::optional<UtcTime> issued_at;
    std::optional<Revocation> revocation;  // a hold is a revocation with reason certificate_hold
    Bytes certificate;                     // DER; empty unless issued
    Bytes tbs;
    std::optional<SerialNumber> renews;
    attestation::Level level = attestation::Level::none;  // that its TPM reached
};

struct CertificateFilter {
    std::optional<CertificateState> state;
    std::optional<bool> revoked;
    std::string name_contains, profile;
    std::optional<UtcTime> expires_before;
    std::size_t limit = 100;
    std::optional<SerialNumber> after;  // paging, in order of issuance
};

// A list of certificates ends early behind this many octets of records, so that a page of large ones is no more memory
// than one of small ones: names can have 64 KiB, a certificate 128.
inline constexpr std::size_t kMaxListedOctets = std::size_t{4} << 20U;
// listed_octets is what one record counts of it.
std::size_t listed_octets(const CertificateRecord& record) noexcept;

struct OpenIntent {
    IntentId id;
    SerialNumber serial;
    RequestId request;
    Node node;
    UtcTime lease_until{};
    KeyId issuer_key;
    Sha256 tbs_digest;
};
enum class Settlement : std::uint8_t {
    abandoned = 1,
    indeterminate = 2
};  // surely never signed; may have been signed (revoked at once)

// CRLs go the same way: a number is reserved and durable before the token is asked, and never used again.
struct CrlIntent {
    IntentId id;
    Node node;
    KeyId issuer_key;
    std::uint64_t number = 0;
    UtcTime this_update{}, next_update{};
    Sha256 tbs_digest;
    UtcTime now{};
};
struct CrlRecord {
    std::uint64_t number = 0;
    KeyId issuer_key;
    UtcTime this_update{}, next_update{};
    std::size_t entries = 0;
    Bytes der;
};

struct SecretRecord {
    std::string id;      // public handle, 16 hex digits
    Sha256 secret_hash;  // SHA-256 of the secret's octets (128 random bits: no stretching needed)
    std::string profile;
    std::vector<std::string> names;  // names that the holder may have certified; empty: what the profile allows
    UtcTime created_at{}, expires_at{};
    std::string created_by;
    std::optional<UtcTime> used_at, revoked_at;
    std::optional<RequestId> used_by;
};

// Status is OCSP's three-way answer by database.
struct StatusGood {
    UtcTime not_after{};
};
struct StatusRevoked {
    Revocation revocation;
};
struct StatusUnknown {};
using Status = std::variant<StatusGood, StatusRevoked,
                            StatusUnknown>;  // intended: revoked-by-caution is not needed: unknown until issued

class CaStore : public DeviceStore {
public:
    // open_epoch gives this boot its number, durably, and records the start.
    virtual Result<BootEpoch> open_epoch(const NodeId& node, UtcTime now, Events events) = 0;
    // node_id is the site-unique identity of this store's daemon, made at first use.
    virtual Result<NodeId> node_id() = 0;

    // intend is step 6. already_exists: serial taken. conflict: the secret was used up, or the request is no longer in
    // a state that may be intended. denied: the device may not have this identity.
    virtual Result<IntentReceipt> intend(Intent intent, Events events) = 0;
    // complete is step 8. conflict: the lease was lost or the intent was settled otherwise; the certificate must not
    // leave.
    virtual Result<void> complete(Completion completion, Events events) = 0;
    // adopt stores a certificate that was issued elsewhere, under this CA (adoption.hpp): its intent and its completion
    // in one. already_exists: serial taken. conflict: the certificate is not the intent's.
    virtual Result<void> adopt(Intent intent, CertificateDer certificate, Events events) = 0;
    virtual Result<void> refuse(Refusal refusal, Events events) = 0;
    // park: conflict when the request has moved on, or another one with the same secret waits already.
    virtual Result<void> park(PendingRequest pending, Events events) = 0;
    // approve adds one approval by this officer (conflict: twice by the same, or not awaiting); gives how many there
    // are now.
    virtual Result<unsigned> approve(const RequestId& request, std::string_view officer, UtcTime now,
                                     Events events) = 0;
    // record writes audit events that go with no other change.
    virtual Result<void> record(Events events, UtcTime now) = 0;

    // Settling after a crash: intents of older epochs of this node, or with an expired lease.
    virtual Result<std::vector<OpenIntent>> open_intents(const Node& node, UtcTime now) = 0;
    virtual Result<void> settle(const IntentId& intent, Settlement settlement, UtcTime now, Events events) = 0;

    virtual Result<CertificateRecord> certificate(const SerialNumber& serial) = 0;
    // certificates gives at most filter.limit of those that match, in order of issuance, and fewer where the last one
    // given brings them to kMaxListedOctets: who wants the rest asks for what comes after it.
    virtual Result<std::vector<CertificateRecord>> certificates(const CertificateFilter& filter) = 0;
    virtual Result<RequestRecord> request(const RequestId& id) = 0;
    virtual Result<std::vector<RequestRecord>> requests(std::optional<RequestState> state, std::size_t limit) = 0;
    virtual Result<Status> status(const KeyId& issuer_key, const SerialNumber& serial) = 0;

    // revoke: conflict when revoked already (a hold may become a revocation, keeping its date never: the new date
    // stands). release: only from hold.
    virtual Result<void> revoke(const SerialNumber& serial, Revocation revocation, Events events) = 0;
    virtual Result<void> release(const SerialNumber& serial, UtcTime now, Events events) = 0;

    // for_each_revoked walks the revoked, unexpired certificates (and indeterminate ones) of an issuer in order of
    // serial, from one snapshot. A certificate stays listed until a CRL issued after its expiry has carried it (RFC
    // 5280 3.3).
    virtual Result<void> for_each_revoked(const KeyId& issuer_key, UtcTime now,
                                          const std::function<void(const x509::CrlEntry&)>& visit) = 0;
    // intend_crl reserves a number higher than every one before. complete_crl stores the CRL; abandon_crl gives the
    // number up, for ever.
    virtual Result<std::uint64_t> reserve_crl_number(const KeyId& issuer_key, UtcTime now) = 0;
    virtual Result<void> intend_crl(CrlIntent intent, Events events) = 0;
    virtual Result<void> complete_crl(const IntentId& intent, CrlRecord record, Events events) = 0;
    virtual Result<void> abandon_crl(const IntentId& intent, UtcTime now, Events events) = 0;
    virtual Result<std::vector<CrlIntent>> open_crl_intents(const Node& node, UtcTime now) = 0;
    virtual Result<std::optional<CrlRecord>> latest_crl(const KeyId& issuer_key) = 0;

    virtual Result<void> create_secret(SecretRecord record, UtcTime now, Events events) = 0;
    virtual Result<std::vector<SecretRecord>> secrets() = 0;
    virtual Result<std::optional<SecretRecord>> find_secret(const Sha256& secret_hash) = 0;
    virtual Result<void> revoke_secret(std::string_view id, UtcTime now, Events events) = 0;

    // The audit log: the head is that of the last commit. Reading does not block writing.
    virtual Result<audit::TreeHead> audit_head() = 0;
    virtual Result<std::vector<Bytes>> audit_leaves(std::uint64_t first, std::uint64_t last) = 0;
    virtual Result<Sha256> audit_node(unsigned level, std::uint64_t index) = 0;
    virtual Result<void> save_checkpoint(std::string note, const audit::TreeHead& head) = 0;
    virtual Result<std::optional<std::string>> latest_checkpoint() = 0;

    // changed_since gives the serials whose status changed after a counter value, and the new value; the OCSP cache
    // uses it to forget answers.
    struct Changes {
        std::uint64_t counter = 0;
        std::vector<SerialNumber> serials;
        bool overflow = false;
    };
    virtual Result<Changes> changed_since(std::uint64_t counter) = 0;

    // counts is for a status page: cheap however many there are. revoked has those on hold and the indeterminate ones
    // with it.
    struct Counts {
        std::uint64_t issued = 0, revoked = 0, open_intents = 0;
    };
    virtual Result<Counts> counts() = 0;

    // healthy is false after a failed write until one succeeds; probe tries one.
    virtual bool healthy() const noexcept = 0;
    virtual Result<void> probe(UtcTime now) = 0;

protected:
    static IntentReceipt make_receipt(const IntentId& id, const SerialNumber& serial, const Sha256& digest,
                                      UtcTime lease_until) {
        return IntentReceipt{id, serial, digest, lease_until};
    }
};

}  // namespace sealwright::issuance
