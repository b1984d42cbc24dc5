// engine_parts.hpp: what the engine is made of, and the steps that engine.cpp narrates. Internal to this room.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "issuance/attested_key.hpp"
#include "issuance/challenge_token.hpp"
#include "issuance/engine.hpp"
#include "issuance/issuance_gate.hpp"
#include "issuance/issuer.hpp"
#include "issuance/possession.hpp"
#include "issuance/renewal.hpp"
#include "issuance/request_ids.hpp"

namespace sealwright::issuance {

// A refused input is kept up to here; its digest in the audit log is of the whole.
inline constexpr std::size_t kMaxRefusedInput = 4096;

// Case is one request on its way.
struct Case {
    RequestId id;
    UtcTime received_at{};
    EnrollmentRequest request;
    std::string actor;                            // the principal as text
    unsigned approvals = 0;                       // by officers other than the requester
    std::optional<Sha256> approved_profile = {};  // the version that the approvals are for
    bool resumes = false;                         // its row exists already
    bool parked = false;                          // and waits for approvals
    std::optional<RequestState> from() const {    // where the row must still stand
        if (!resumes) return std::nullopt;
        return parked ? RequestState::awaiting_approval : RequestState::challenged;
    }
    std::shared_ptr<const profile::Profile> profile = {};
    // From step 3 on, where a TPM proves the key: the record (also of a refusal), and what follows from an affirming
    // one.
    std::optional<attestation::Record> attestation = {};
    std::optional<AttestedKey> attested = {};
    // From step 4 on:
    std::optional<RenewedCertificate> renewed = {};  // for a renewal
    std::vector<std::string> authorised_names = {};
};

// Draft is what step 5 made: the linted TBS, and the intent that is to be stored before it is signed.
struct Draft {
    LintedTbs tbs;
    Intent intent;
};

struct Engine::Parts {
    Parts(Authority authority, Profiles profiles, EngineOptions options, CaStore& store, hsm::Signer& signer,
          const Clock& clock, crypto::Random& random, Log& log);

    // engine.cpp: the eight steps.
    Result<IssueOutcome> walk(Case& it);
    Result<void> load_profile(Case& it) const;
    Result<policy::Decision> decide(Case& it, const ProvenKey* key) const;
    Result<Draft> draft(const Case& it, const ProvenKey& key, const SerialNumber& serial) const;
    Result<IntentReceipt> intend(const Draft& draft);
    Result<IssueOutcome> complete(const Case& it, const OpenIntent& intent, CertificateDer certificate);
    profile::TemplateInput template_input(const Case& it, const ProvenKey& key, const SerialNumber& serial,
                                          UtcTime now) const;

    // engine_refusals.cpp. refuse records and gives the error to return: storage if it could not be recorded.
    Error refuse(const Case& it, const Error& why);
    // denied_by is policy's no, with all its reasons.
    static Error denied_by(const policy::Deny& deny);
    // postpone is for a signer that is not ready: what would wait for its requester anyway goes on waiting, else it is
    // refused.
    Error postpone(const Case& it);
    bool signer_ready() const { return !options.signer_ready || options.signer_ready(); }
    // is_busy: the store took nothing, not even a refusal, and will be able to soon.
    static bool is_busy(ErrorCode code) noexcept {
        return code == ErrorCode::overloaded || code == ErrorCode::unavailable;
    }
    static Bytes encoded_attestation(const Case& it);
    Error unrecorded(const Error& problem, const Error& why);
    void refuse_input(const policy::Principal& principal, policy::Channel channel, std::string_view peer,
                      std::string_view profile, ByteView input, const Error& why);
    Error deny_access(const policy::Principal& principal, std::string_view action, std::string_view object, Error why);

    // engine_attestation.cpp. attest is step 3; the others are the rounds around it.
    Result<void> attest(Case& it, const ProvenKey& key) const;
    Result<attestation::Record> judge_evidence(const Case& it) const;
    Result<void> check_device(const Case& it, const KeyId& ek) const;
    Attested<Challenged> challenge(AttestationOpening opening);
    Result<Challenged> open_attestation(Case& it);
    Result<void> gather_evidence(Case& it) const;
    Result<void> check_may_open(Case& it) const;
    Result<void> supersede(const std::string& actor);
    Attested<IssueOutcome> answer(const RequestId& id, const policy::Principal& principal, AttestationAnswer answer);
    Result<IssueOutcome> judge_answer(Case& it, UtcTime expires_at);
    Result<Case> reopen_challenge(const RequestRecord& record, AttestationAnswer answer, UtcTime& expires_at) const;
    Result<void> end_challenge(const RequestRecord& record, const Error& why);
    Result<std::size_t> expire_challenges();

    // engine_approvals.cpp.
    Result<IssueOutcome> park(const Case& it, const ProvenKey& key, unsigned needed);
    Result<IssueOutcome> resume(const RequestId& id, const policy::Principal& principal);
    Result<Proof> proof_of(const RequestId& id, x509::CertificateRequest csr) const;
    Result<Case> reopen(const RequestRecord& record) const;
    Result<unsigned> approve(const RequestId& id, const policy::Principal& officer);
    Result<void> deny(const RequestId& id, const policy::Principal& officer, std::string reason);

    // engine_settlement.cpp. settle_failure ends the intent of a signature that was not got, and gives the error to
    // return.
    Error settle_failure(const OpenIntent& intent, const SigningFailure& failure);
    Result<Settled> settle_open_intents(hsm::SignerJournal& journal);
    Result<Settlement> judge(const OpenIntent& intent, hsm::SignerJournal& journal, std::string& why);

    const Authority authority;
    const Profiles profiles;
    const EngineOptions options;
    CaStore& store;
    const Clock& clock;
    crypto::Random& random;
    Log& log;
    const profile::IssuerContext issuer_context;
    const Issuer issuer;
    const EventMaker events;
    IssuanceGate gate;
    RequestIds request_ids;

    // Intents of this boot that were surely not signed and could not be settled: what the journal, which is conclusive
    // for older boots alone, need not say.
    std::mutex unsigned_mutex;
    std::set<IntentId> surely_unsigned;
};

}  // namespace sealwright::issuance
