// Approvals: requests that wait for officers, and go on from where they waited.
#include "issuance/engine_parts.hpp"
#include "issuance/parked_request.hpp"

namespace sealwright::issuance {
namespace {

constexpr std::size_t kMaxReason = 500;

bool is_same(std::string_view one, std::string_view other) {
    return policy::identity_of(one) == policy::identity_of(other);
}

// may_resume: the principal that made the request, or a local one who may issue.
Result<void> check_may_resume(const RequestRecord& record, const policy::Principal& principal) {
    const bool named = !std::holds_alternative<policy::AnonymousPrincipal>(principal);
    if (named && is_same(policy::describe(principal), record.principal)) return success();
    if (std::holds_alternative<policy::LocalPrincipal>(principal))
        return policy::check_role(principal, policy::Action::issue);
    return fail(ErrorCode::denied, "the request was made by somebody else");
}

// same_wishes compares what will be asked again on resuming, from the proof alone, with what is asked now.
bool same_wishes(const profile::RequestedContent& now, const x509::CertificateRequest& csr) {
    const auto again = profile::requested_content(csr);
    return again && again.value().subject == now.subject && again.value().san == now.san &&
           again.value().extensions == now.extensions;
}

unsigned approvals_of(const RequestRecord& record) {
    unsigned count = 0;
    for (const auto& officer : record.approvals) count += is_same(officer, record.principal) ? 0 : 1;
    return count;
}

}  // namespace

Result<IssueOutcome> Engine::Parts::park(const Case& it, const ProvenKey& key, unsigned needed) {
    const Pending pending{it.id, needed};
    if (it.parked) return IssueOutcome{pending};
    const UtcTime now = clock.now();
    // Officers are not asked about what could not be issued anyway.
    if (auto possible = profile::check_request(template_input(it, key, SerialNumber{}, now)); !possible)
        return refuse(it, possible.error());
    const auto& csr = *csr_of(it.request.proof);
    if (!same_wishes(it.request.requested, csr)) {
        return refuse(it, fail(ErrorCode::unsupported,
                               "a request that waits for approvals must carry all that it wishes in its CSR"));
    }
    PendingRequest row{.request = it.id,
                       .state = RequestState::awaiting_approval,
                       .received_at = it.received_at,
                       .principal = it.actor,
                       .channel = std::string{policy::channel_name(it.request.channel)},
                       .peer = it.request.peer,
                       .profile = it.profile->name,
                       .proof = csr.der.bytes(),
                       .resume_token = encode_parked({it.request.principal, it.request.channel, it.profile->digest,
                                                      it.request.requested.validity}),
                       .secret_id = {},
                       .from = it.from(),
                       .attestation = encoded_attestation(it),
                       .now = now};
    if (const auto* secret = std::get_if<policy::SecretPrincipal>(&it.request.principal))
        row.secret_id = secret->secret_id;
    Events record;
    record.push_back(events.awaiting_approval(row, needed));
    auto parked = store.park(std::move(row), std::move(record));
    if (parked) return IssueOutcome{pending};
    if (parked.error().code() == ErrorCode::conflict) return refuse(it, parked.error());
    return gate.close(parked.error());
}

// proof_of gives what a parked request was proved by: its CSR, and, where its profile wants a TPM, the evidence of both
// rounds.
Result<Proof> Engine::Parts::proof_of(const RequestId& id, x509::CertificateRequest csr) const {
    const auto bytes = store.attestation(id);
    if (!bytes && bytes.error().code() == ErrorCode::not_found) return Proof{CsrProof{std::move(csr)}};
    if (!bytes) return bytes.error();
    SEALWRIGHT_TRY(auto record, attestation::parse_record(bytes.value()));
    if (!record.answer) return fail(ErrorCode::malformed, "the attestation has no second round");
    return Proof{TpmProof{std::move(csr), std::move(record.opening), std::move(*record.answer),
                          record.expectation.secret_digest, std::move(record.expectation.nonce)}};
}

Result<Case> Engine::Parts::reopen(const RequestRecord& record) const {
    SEALWRIGHT_TRY(auto parked, parse_parked(record.resume_token));
    SEALWRIGHT_TRY(auto csr, x509::CertificateRequest::parse(record.proof));
    SEALWRIGHT_TRY(auto requested, profile::requested_content(csr));
    SEALWRIGHT_TRY(auto proof, proof_of(record.id, std::move(csr)));
    requested.validity = parked.validity;
    EnrollmentRequest request{.principal = std::move(parked.principal),
                              .channel = parked.channel,
                              .peer = record.peer,
                              .profile = record.profile,
                              .requested = std::move(requested),
                              .proof = std::move(proof)};
    return Case{.id = record.id,
                .received_at = record.received_at,
                .request = std::move(request),
                .actor = record.principal,
                .approvals = approvals_of(record),
                .approved_profile = parked.profile_digest,
                .resumes = true,
                .parked = true};
}

Result<IssueOutcome> Engine::Parts::resume(const RequestId& id, const policy::Principal& principal) {
    SEALWRIGHT_TRY(const auto record, store.request(id));
    if (auto may = check_may_resume(record, principal); !may)
        return deny_access(principal, "resume", id.hex(), may.error());
    switch (record.state) {
        case RequestState::issued:
            break;
        case RequestState::refused:
            return fail(record.code.value_or(ErrorCode::denied), record.reason);
        case RequestState::indeterminate:
            return fail(ErrorCode::indeterminate,
                        "it is not known whether the certificate was signed; its serial number is revoked");
        // Another call is carrying it through right now.
        case RequestState::intended:
            return IssueOutcome{Pending{id, 0}};
        case RequestState::awaiting_approval: {
            auto reopened = reopen(record);
            if (!reopened)
                return fail(ErrorCode::internal, "the request cannot be read back", reopened.error().describe());
            return walk(reopened.value());
        }
        case RequestState::received:
        case RequestState::challenged:
            return fail(ErrorCode::conflict, "the request waits for its requester");
    }
    if (!record.serial)
        return fail(ErrorCode::internal, "the request cannot be read back", "issued without a serial number");
    SEALWRIGHT_TRY(auto certificate, store.certificate(*record.serial));
    return IssueOutcome{Issued{*record.serial, id, CertificateDer{std::move(certificate.certificate)}}};
}

Result<unsigned> Engine::Parts::approve(const RequestId& id, const policy::Principal& officer) {
    if (auto may = policy::check_role(officer, policy::Action::approve); !may)
        return deny_access(officer, "approve", id.hex(), may.error());
    SEALWRIGHT_TRY(const auto record, store.request(id));
    const std::string name = policy::describe(officer);
    if (is_same(name, record.principal)) {
        return deny_access(officer, "approve", id.hex(),
                           fail(ErrorCode::denied, "nobody approves a request of their own"));
    }
    if (record.state != RequestState::awaiting_approval)
        return fail(ErrorCode::conflict, "the request does not wait for approvals");
    SEALWRIGHT_TRY(gate.check());
    const UtcTime now = clock.now();
    Events entries;
    entries.push_back(events.request_approved(record, name, now));
    // By identity: an account that is renamed, or nameless for a moment, is still one officer.
    auto count = store.approve(id, policy::identity_of(name), now, std::move(entries));
    if (!count) return gate.close(count.error());
    return count;
}

Result<void> Engine::Parts::deny(const RequestId& id, const policy::Principal& officer, std::string reason) {
    if (auto may = policy::check_role(officer, policy::Action::approve); !may)
        return deny_access(officer, "deny", id.hex(), may.error());
    SEALWRIGHT_TRY(const auto record, store.request(id));
    if (record.state != RequestState::awaiting_approval)
        return fail(ErrorCode::conflict, "the request does not wait for approvals");
    SEALWRIGHT_TRY(gate.check());
    if (reason.size() > kMaxReason) reason.resize(kMaxReason);
    Refusal refusal{.request = id,
                    .received_at = record.received_at,
                    .principal = record.principal,
                    .channel = record.channel,
                    .peer = record.peer,
                    .profile = record.profile,
                    .proof = record.proof,
                    .code = ErrorCode::denied,
                    .reason = reason.empty() ? "denied by an officer" : "denied by an officer: " + reason,
                    .resumes_request = true,
                    .from = RequestState::awaiting_approval,
                    .attestation = {},
                    .now = clock.now()};
    Events entries;
    entries.push_back(events.request_denied(refusal, policy::describe(officer)));
    if (auto denied = store.refuse(std::move(refusal), std::move(entries)); !denied) return gate.close(denied.error());
    return success();
}

}  // namespace sealwright::issuance
