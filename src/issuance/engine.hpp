// engine.hpp: the use cases of issuance. issue() is the way of one request through the eight steps of docs/issuance.md,
// in their order.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <functional>

#include "base/log.hpp"
#include "crypto/random.hpp"
#include "hsm/signer.hpp"
#include "issuance/ca_store.hpp"
#include "policy/decision.hpp"

namespace sealwright::issuance {

// Authority is the CA that this engine issues under: its certificate, its chain (itself first, root last), its key.
struct Authority {
    x509::Certificate certificate;
    std::vector<x509::Certificate> chain;
    crypto::PublicKey key;
};

struct EngineOptions {
    Node node;
    std::chrono::seconds lease{30};
    // signer_ready is asked just before an intent is stored, so that a signer which is known to be down uses up neither
    // serial numbers nor secrets. Thread-safe, cheap; empty: always ready.
    std::function<bool()> signer_ready = {};
    // Of EK certificates; null: none is trusted.
    std::shared_ptr<const attestation::TrustAnchors> anchors = {};
};

// Profiles by name; immutable while the engine lives.
using Profiles = std::map<std::string, std::shared_ptr<const profile::Profile>>;

struct Issued {
    SerialNumber serial;
    RequestId request;
    CertificateDer certificate;
};
struct Pending {
    RequestId request;
    unsigned approvals_needed = 0;
};  // poll with resume()
using IssueOutcome = std::variant<Issued, Pending>;

// An attestation takes two rounds (docs/issuance.md). The first opens it:
struct AttestationOpening {
    policy::Principal principal;
    policy::Channel channel = policy::Channel::https;
    std::string peer;
    std::string profile;  // name; must have [attestation]
    attestation::Opening evidence;
};
// and is answered by a challenge, which the device can answer once:
struct Challenged {
    RequestId request;
    Bytes credential_blob, encrypted_secret, nonce;
    UtcTime expires_at{};
};
struct AttestationAnswer {
    attestation::Answer evidence;
    x509::CertificateRequest csr;
    profile::RequestedContent requested;
};
// Attested is what became of a round. Where the attestation itself was refused, findings say why, and request is where
// the record stands.
template <class T>
struct Attested {
    Result<T> outcome;
    RequestId request;
    std::vector<attestation::Finding> findings;
};

// Engine: thread-safe; calls block (run them on a worker pool). Everything it refuses has a record.
class Engine {
public:
    Engine(Authority authority, Profiles profiles, EngineOptions options, CaStore& store, hsm::Signer& signer,
           const Clock& clock, crypto::Random& random, Log& log);
    ~Engine();

    // issue: the answer may leave only when this returned Issued. Errors are the refusal's code and public reason;
    // indeterminate when it is not known whether the token signed (the serial is then revoked).
    Result<IssueOutcome> issue(EnrollmentRequest request);

    // challenge judges an opening and gives the challenge for it. Of one principal one challenge stands at a time: a
    // new one takes the place of the one before.
    Attested<Challenged> challenge(AttestationOpening opening);
    // answer judges everything and goes on as issue does. Whatever it decides, the challenge is used up; conflict: it
    // was already, or another took its place; expired. The principal must be the one that was challenged (denied else).
    // unavailable, overloaded and storage leave the challenge as it is.
    Attested<IssueOutcome> answer(const RequestId& request, const policy::Principal& principal,
                                  AttestationAnswer answer);
    // expire_challenges refuses requests whose challenge nobody answered in time; gives how many.
    Result<std::size_t> expire_challenges();

    // resume goes on with a parked request: Pending while approvals are missing, else issues; the finished certificate
    // for one that was issued already. The caller must be the principal that made it, or a local one (denied else).
    Result<IssueOutcome> resume(const RequestId& request, const policy::Principal& principal);
    Result<unsigned> approve(const RequestId& request, const policy::Principal& officer);
    Result<void> deny(const RequestId& request, const policy::Principal& officer, std::string reason);

    // refuse_input records a request that was refused before it could be read as an EnrollmentRequest (malformed CSR,
    // unknown secret, ...).
    void refuse_input(const policy::Principal& principal, policy::Channel channel, std::string_view peer,
                      std::string_view profile, ByteView input, const Error& why);

    // settle_open_intents is called once at start, before the first issue, and again when leases may have expired: each
    // open intent of older epochs becomes abandoned (the fenced journal never saw it, or the token surely failed) or
    // indeterminate (revoked at once). Gives how many of each.
    struct Settled {
        std::size_t abandoned = 0, indeterminate = 0;
    };
    Result<Settled> settle_open_intents(hsm::SignerJournal& journal);

    // check_open is success unless issuance is stopped because its records cannot be kept; then unavailable with the
    // reason. Where it is stopped, this tries once a second whether it may go on, as requests do.
    Result<void> check_open();

    const Authority& authority() const noexcept;
    const Profiles& profiles() const noexcept;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace sealwright::issuance
