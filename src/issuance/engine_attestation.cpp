// Attestation: the two rounds in which a device proves that its key is in its TPM, and step 3 of the way of a request.
#include "base/boundary.hpp"
#include "issuance/engine_parts.hpp"

namespace sealwright::issuance {
namespace {

constexpr std::size_t kExpiredAtOnce = 1000;

const attestation::TrustAnchors& no_anchors() {
    static const attestation::TrustAnchors none;
    return none;
}

std::vector<attestation::Finding> refusals_of(const Case& it) {
    if (!it.attestation) return {};
    return it.attestation->verdict.refusals();
}

const attestation::Opening& opening_of(const Proof& proof) {
    const auto* answered = std::get_if<TpmProof>(&proof);
    return answered != nullptr ? answered->opening : std::get<TpmOpening>(proof).opening;
}

attestation::Expectation expectation_of(const TpmProof& proof) {
    return {proof.secret_digest, proof.nonce, proof.csr.public_key.spki().bytes()};
}

}  // namespace

// judge_evidence: the verifier's verdict about what the request brought, with everything that it was made of.
Result<attestation::Record> Engine::Parts::judge_evidence(const Case& it) const {
    const auto& rule = *it.profile->attestation;
    const auto& opening = opening_of(it.request.proof);
    bool listed = false;
    // An opening without any EK is refused by the verifier, which says what is wrong with it.
    const auto ek = attestation::ek_of(opening);
    if (ek && rule.policy.accepted.contains(attestation::Level::ek_list)) {
        SEALWRIGHT_TRY(listed, store.is_ek_listed(ek.value()));
    }
    const attestation::Context context{.anchors = options.anchors ? *options.anchors : no_anchors(),
                                       .policy = rule.policy,
                                       .ek_is_listed = listed,
                                       .now = clock.now()};
    const auto* proof = std::get_if<TpmProof>(&it.request.proof);
    if (proof == nullptr) return attestation::attest(it.id, it.profile->name, opening, std::nullopt, {}, context);
    return attestation::attest(it.id, it.profile->name, opening, proof->answer, expectation_of(*proof), context);
}

// check_device holds the TPM against what the site knows: an EK that was revoked gets nothing, and a renewal comes from
// the device that it is for. Whose identity the EK may have is checked with the intent, in its transaction.
Result<void> Engine::Parts::check_device(const Case& it, const KeyId& ek) const {
    const auto known = store.device(ek, clock.now());
    if (!known && known.error().code() != ErrorCode::not_found) return known.error();
    if (known && known.value().state == DeviceState::revoked)
        return fail(ErrorCode::denied, "the device with this endorsement key is revoked", "EK " + ek.hex());
    const auto* holder = std::get_if<policy::CertificatePrincipal>(&it.request.principal);
    if (holder == nullptr) return success();
    SEALWRIGHT_TRY(const auto owner, store.device_of(holder->serial));
    // Whoever stole a key that no TPM holds would else turn it into one that a TPM was proven to hold.
    if (!owner)
        return fail(ErrorCode::denied, "the certificate to be renewed was issued without an attestation; enrol anew");
    if (*owner != ek)
        return fail(ErrorCode::denied, "the certificate to be renewed belongs to another device", "EK " + ek.hex());
    return success();
}

// attest judges a request that waited for approvals as if it had come now: what the site trusts may have changed
// meanwhile.
Result<void> Engine::Parts::attest(Case& it, const ProvenKey& key) const {
    const bool proves = std::holds_alternative<TpmProof>(it.request.proof);
    if (!it.profile->attestation) {
        if (proves) return fail(ErrorCode::denied, "the profile knows no attestation");
        return success();
    }
    if (!proves)
        return fail(ErrorCode::denied,
                    "the profile issues only to devices whose TPM proves the key, in the two rounds of an attestation");
    if (!it.attestation) {
        SEALWRIGHT_TRY(it.attestation, judge_evidence(it));
    }
    SEALWRIGHT_TRY(it.attested, AttestedKey::make(key, *it.attestation));
    return check_device(it, it.attested->ek());
}

// --- the first round

Attested<Challenged> Engine::Parts::challenge(AttestationOpening opening) {
    std::string actor = policy::describe(opening.principal);
    const UtcTime now = clock.now();
    Case it{.id = request_ids.next(now, random),
            .received_at = now,
            .request = {.principal = std::move(opening.principal),
                        .channel = opening.channel,
                        .peer = std::move(opening.peer),
                        .profile = std::move(opening.profile),
                        .requested = {},
                        .proof = TpmOpening{std::move(opening.evidence)}},
            .actor = std::move(actor)};
    auto outcome = open_attestation(it);
    auto findings = outcome ? std::vector<attestation::Finding>{} : refusals_of(it);
    return {std::move(outcome), it.id, std::move(findings)};
}

Result<void> Engine::Parts::gather_evidence(Case& it) const {
    SEALWRIGHT_TRY(load_profile(it));
    if (!it.profile->attestation) return fail(ErrorCode::denied, "the profile knows no attestation");
    SEALWRIGHT_TRY(it.attestation, judge_evidence(it));
    return success();
}

Result<void> Engine::Parts::check_may_open(Case& it) const {
    SEALWRIGHT_TRY(const auto decision, decide(it, nullptr));
    if (const auto* deny = std::get_if<policy::Deny>(&decision)) return denied_by(*deny);
    const auto ek = attestation::ek_of(opening_of(it.request.proof));
    return ek ? check_device(it, ek.value()) : success();
}

Result<Challenged> Engine::Parts::open_attestation(Case& it) {
    SEALWRIGHT_TRY(gate.check());
    // Judged first: who is refused for what the site knows of them leaves their evidence as well.
    if (auto gathered = gather_evidence(it); !gathered) return refuse(it, gathered.error());
    if (auto may = check_may_open(it); !may) return refuse(it, may.error());
    if (!it.attestation->verdict.affirming()) return refuse(it, refused_by(it.attestation->verdict));

    auto made = attestation::make_challenge(it.attestation->opening, random);
    if (!made) return refuse(it, made.error());
    const UtcTime now = clock.now();
    const ChallengeToken token{.parked = {it.request.principal, it.request.channel, it.profile->digest, {}},
                               .secret_digest = made.value().secret_digest,
                               .nonce = made.value().nonce,
                               .expires_at = now + it.profile->attestation->challenge_lifetime};
    PendingRequest row{.request = it.id,
                       .state = RequestState::challenged,
                       .received_at = it.received_at,
                       .principal = it.actor,
                       .channel = std::string{policy::channel_name(it.request.channel)},
                       .peer = it.request.peer,
                       .profile = it.profile->name,
                       .proof = attestation::encode_record(*it.attestation),
                       .resume_token = encode_challenge(token),
                       .secret_id = {},
                       .from = {},
                       .attestation = {},
                       .now = now};
    if (const auto* secret = std::get_if<policy::SecretPrincipal>(&it.request.principal))
        row.secret_id = secret->secret_id;
    if (auto cleared = supersede(it.actor); !cleared) return refuse(it, cleared.error());
    Events record;
    record.push_back(events.challenged(row, it.attestation->verdict, token));
    auto parked = store.park(std::move(row), std::move(record));
    if (!parked) {
        it.attestation.reset();
        return refuse(it, parked.error());
    }
    at_boundary(boundary::kChallenged);
    return Challenged{it.id, std::move(made.value().credential_blob), std::move(made.value().encrypted_secret),
                      std::move(made.value().nonce), token.expires_at};
}

// supersede ends what this principal was challenged for before: a device that lost its state must be able to begin
// again.
Result<void> Engine::Parts::supersede(const std::string& actor) {
    SEALWRIGHT_TRY(const auto older, store.challenged(actor));
    for (const auto& id : older) {
        SEALWRIGHT_TRY(const auto record, store.request(id));
        SEALWRIGHT_TRY(end_challenge(record, fail(ErrorCode::conflict, "a newer challenge took its place")));
    }
    return success();
}

// end_challenge refuses a request that waits for its answer. That it moved on meanwhile is nobody's fault.
Result<void> Engine::Parts::end_challenge(const RequestRecord& record, const Error& why) {
    Refusal refusal{.request = record.id,
                    .received_at = record.received_at,
                    .principal = record.principal,
                    .channel = record.channel,
                    .peer = record.peer,
                    .profile = record.profile,
                    .proof = record.proof,
                    .code = why.code(),
                    .reason = why.public_detail(),
                    .resumes_request = true,
                    .from = RequestState::challenged,
                    .attestation = record.proof,  // the record of its opening
                    .now = clock.now()};
    Events entries;
    entries.push_back(events.request_refused(refusal, record.proof));
    auto ended = store.refuse(std::move(refusal), std::move(entries));
    if (!ended && ended.error().code() != ErrorCode::conflict) return gate.close(ended.error());
    return success();
}

// --- the second round

Attested<IssueOutcome> Engine::Parts::answer(const RequestId& id, const policy::Principal& principal,
                                             AttestationAnswer answer) {
    const auto record = store.request(id);
    if (!record) return {record.error(), id, {}};
    // By identity; not even a local operator answers for a device.
    if (policy::describe(principal) != record.value().principal) {
        return {deny_access(principal, "answer", id.hex(),
                            fail(ErrorCode::denied, "the challenge was made for somebody else")),
                id,
                {}};
    }
    if (record.value().state != RequestState::challenged) {
        return {
            deny_access(principal, "answer", id.hex(),
                        fail(ErrorCode::conflict, "the challenge was answered already, or a newer one took its place")),
            id,
            {}};
    }
    UtcTime expires_at{};
    auto reopened = reopen_challenge(record.value(), std::move(answer), expires_at);
    if (!reopened)
        return {fail(ErrorCode::internal, "the request cannot be read back", reopened.error().describe()), id, {}};
    Case& it = reopened.value();
    auto outcome = judge_answer(it, expires_at);
    auto findings = outcome ? std::vector<attestation::Finding>{} : refusals_of(it);
    return {std::move(outcome), id, std::move(findings)};
}

Result<IssueOutcome> Engine::Parts::judge_answer(Case& it, UtcTime expires_at) {
    SEALWRIGHT_TRY(gate.check());
    // Judged before anything else can refuse it, so that every refusal of an answer keeps the evidence.
    if (auto gathered = gather_evidence(it); !gathered) return refuse(it, gathered.error());
    if (clock.now() >= expires_at)
        return refuse(it, fail(ErrorCode::expired, "the challenge was answered too late; ask for a new one"));
    return walk(it);
}

Result<Case> Engine::Parts::reopen_challenge(const RequestRecord& record, AttestationAnswer answer,
                                             UtcTime& expires_at) const {
    SEALWRIGHT_TRY(auto token, parse_challenge(record.resume_token));
    SEALWRIGHT_TRY(auto opened, attestation::parse_record(record.proof));
    expires_at = token.expires_at;
    EnrollmentRequest request{
        .principal = std::move(token.parked.principal),
        .channel = token.parked.channel,
        .peer = record.peer,
        .profile = record.profile,
        .requested = std::move(answer.requested),
        .proof = TpmProof{std::move(answer.csr), std::move(opened.opening), std::move(answer.evidence),
                          token.secret_digest, std::move(token.nonce)}};
    return Case{.id = record.id,
                .received_at = record.received_at,
                .request = std::move(request),
                .actor = record.principal,
                .approved_profile = token.parked.profile_digest,
                .resumes = true};
}

Result<std::size_t> Engine::Parts::expire_challenges() {
    SEALWRIGHT_TRY(const auto waiting, store.requests(RequestState::challenged, kExpiredAtOnce));
    const UtcTime now = clock.now();
    std::size_t expired = 0;
    for (const auto& record : waiting) {
        const auto token = parse_challenge(record.resume_token);
        if (token && now < token.value().expires_at) continue;
        SEALWRIGHT_TRY(end_challenge(record, fail(ErrorCode::expired, "the challenge was not answered in time")));
        ++expired;
    }
    return expired;
}

}  // namespace sealwright::issuance
