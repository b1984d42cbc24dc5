#include "support/fake_store.hpp"

#include "support/fake_store_state.hpp"

namespace sealwright::test {

using issuance::CertificateState;
using issuance::Events;
using issuance::RequestState;

FakeStore::FakeStore(NodeId node) : state_(std::make_unique<State>()) { state_->node = node; }
FakeStore::~FakeStore() = default;

void FakeStore::fail_next(Verb verb, Error error) {
    const std::lock_guard lock{mutex_};
    state_->failures.insert_or_assign(verb, State::Failure{std::move(error), false});
}

void FakeStore::fail_always(Verb verb, Error error) {
    const std::lock_guard lock{mutex_};
    state_->failures.insert_or_assign(verb, State::Failure{std::move(error), true});
}

void FakeStore::heal() {
    const std::lock_guard lock{mutex_};
    state_->failures.clear();
}

void FakeStore::before(Verb verb, std::function<void()> hook) {
    const std::lock_guard lock{mutex_};
    state_->hooks[verb] = std::move(hook);
}

void FakeStore::change_log_limit(std::size_t entries) {
    const std::lock_guard lock{mutex_};
    state_->change_log_limit = entries;
}

void FakeStore::plant_certificate(const SerialNumber& serial, Bytes der) {
    const std::lock_guard lock{mutex_};
    state_->certificates.at(serial).certificate = std::move(der);
}

std::vector<audit::Event> FakeStore::events() const {
    const std::lock_guard lock{mutex_};
    return state_->events;
}

std::vector<audit::Event> FakeStore::events(audit::EventKind kind) const {
    std::vector<audit::Event> chosen;
    for (auto& event : events()) {
        if (event.kind == kind) chosen.push_back(event);
    }
    return chosen;
}

std::size_t FakeStore::calls(Verb verb) const {
    const std::lock_guard lock{mutex_};
    const auto found = state_->calls.find(verb);
    return found == state_->calls.end() ? 0 : found->second;
}

std::vector<issuance::OpenIntent> FakeStore::all_open_intents() const {
    const std::lock_guard lock{mutex_};
    std::vector<issuance::OpenIntent> open;
    for (const auto& [id, entry] : state_->intents) {
        if (entry.open) open.push_back(entry.intent);
    }
    return open;
}

Result<std::unique_lock<std::mutex>> FakeStore::enter(Verb verb) {
    std::function<void()> hook;
    {
        const std::lock_guard lock{mutex_};
        ++state_->calls[verb];
        if (const auto found = state_->hooks.find(verb); found != state_->hooks.end()) hook = found->second;
    }
    if (hook) hook();
    std::unique_lock lock{mutex_};
    const auto found = state_->failures.find(verb);
    if (found == state_->failures.end()) return lock;
    Error error = found->second.error;
    if (!found->second.always) state_->failures.erase(found);
    if (error.code() == ErrorCode::storage) state_->healthy = false;
    return error;
}

Result<std::unique_lock<std::mutex>> FakeStore::write_at(Verb verb, UtcTime now) {
    SEALWRIGHT_TRY(auto lock, enter(verb));
    if (now + kClockTolerance < state_->last_commit) return fail(ErrorCode::clock, "the clock went back");
    return lock;
}

void FakeStore::accept_clock(UtcTime now) {
    const std::lock_guard lock{mutex_};
    state_->last_commit = now;
}

void FakeStore::commit(UtcTime now, Events events) {
    state_->last_commit = std::max(state_->last_commit, now);
    state_->healthy = true;
    for (auto& event : events) {
        Bytes leaf = audit::encode_event(event);
        state_->range.append(audit::leaf_hash(leaf), [this](unsigned level, std::uint64_t index, const Sha256& hash) {
            state_->nodes[{level, index}] = hash;
        });
        state_->leaves.push_back(std::move(leaf));
        state_->events.push_back(std::move(event));
    }
}

Result<BootEpoch> FakeStore::open_epoch(const NodeId& node, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::open_epoch, now));
    auto& epoch = state_->epochs[node];
    epoch = BootEpoch{epoch.value() + 1};
    for (auto& event : events) event.epoch = epoch;
    commit(now, std::move(events));
    return epoch;
}

Result<NodeId> FakeStore::node_id() {
    SEALWRIGHT_TRY(auto lock, enter(Verb::node_id));
    return state_->node;
}

Result<issuance::IntentReceipt> FakeStore::intend(issuance::Intent intent, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::intend, intent.now));
    if (state_->certificates.contains(intent.serial))
        return fail(ErrorCode::already_exists, "the serial number is taken");
    if (state_->intents.contains(intent.id)) return fail(ErrorCode::already_exists, "the intent exists");
    const auto known = state_->requests.find(intent.request);
    if (intent.resumes_request != (known != state_->requests.end()))
        return fail(ErrorCode::conflict, "the request is not in a state to go on");
    if (intent.resumes_request && ((intent.from && *intent.from != known->second.state) ||
                                   !issuance::may_follow(known->second.state, RequestState::intended))) {
        return fail(ErrorCode::conflict, "the request is not in a state to go on");
    }
    SEALWRIGHT_TRY(check_identity(intent));
    if (intent.secret_id) {
        const auto secret = state_->secrets.find(*intent.secret_id);
        if (secret == state_->secrets.end() || secret->second.used_at || secret->second.revoked_at ||
            secret->second.expires_at <= (intent.resumes_request ? intent.received_at : intent.now)) {
            return fail(ErrorCode::conflict, "the enrolment secret can no longer be used");
        }
        secret->second.used_at = intent.now;
        secret->second.used_by = intent.request;
    }

    put(intent);
    commit(intent.now, std::move(events));
    return make_receipt(intent.id, intent.serial, intent.tbs_digest, intent.lease_until);
}

void FakeStore::put(const issuance::Intent& intent) {
    auto& request = state_->requests[intent.request];
    request.id = intent.request;
    request.state = RequestState::intended;
    request.received_at = intent.received_at;
    request.updated_at = intent.now;
    request.principal = intent.principal;
    request.channel = intent.channel;
    request.peer = intent.peer;
    request.profile = intent.profile;
    request.proof = intent.proof;
    request.secret_id = intent.secret_id;
    request.serial = intent.serial;

    issuance::CertificateRecord certificate;
    certificate.serial = intent.serial;
    certificate.state = CertificateState::intended;
    certificate.request = intent.request;
    certificate.intent = intent.id;
    certificate.issuer_key = intent.issuer_key;
    certificate.subject_key = intent.subject_key;
    certificate.profile = intent.profile;
    certificate.principal = intent.principal;
    certificate.names = intent.names;
    certificate.not_before = intent.not_before;
    certificate.not_after = intent.not_after;
    certificate.intended_at = intent.now;
    certificate.tbs = intent.tbs;
    certificate.renews = intent.renews;
    state_->certificates[intent.serial] = std::move(certificate);
    state_->order.push_back(intent.serial);
    put_device(intent);
    put_attestation(intent.request, intent.attestation);
    state_->intents[intent.id] = {{intent.id, intent.serial, intent.request, intent.node, intent.lease_until,
                                   intent.issuer_key, intent.tbs_digest},
                                  true};
}

Result<void> FakeStore::adopt(issuance::Intent intent, CertificateDer certificate, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::adopt, intent.now));
    if (state_->certificates.contains(intent.serial)) return fail(ErrorCode::already_exists, "the serial is taken");
    put(intent);
    state_->intents.at(intent.id).open = false;
    auto& stored = state_->certificates.at(intent.serial);
    stored.state = CertificateState::issued;
    stored.issued_at = intent.now;
    stored.certificate = certificate.bytes();
    state_->requests.at(intent.request).state = RequestState::issued;
    state_->changed(intent.serial);
    commit(intent.now, std::move(events));
    return success();
}

Result<void> FakeStore::complete(issuance::Completion completion, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::complete, completion.now));
    const auto found = state_->intents.find(completion.intent);
    if (found == state_->intents.end() || !found->second.open)
        return fail(ErrorCode::conflict, "the intent was settled");
    const auto& intent = found->second.intent;
    if (intent.node.id != completion.node.id || intent.node.epoch != completion.node.epoch ||
        intent.serial != completion.serial || intent.lease_until <= completion.now) {
        return fail(ErrorCode::conflict, "the lease was lost");
    }
    if (was_ended(intent.serial)) return fail(ErrorCode::conflict, "the device was revoked meanwhile");
    found->second.open = false;
    auto& certificate = state_->certificates.at(completion.serial);
    certificate.state = CertificateState::issued;
    certificate.issued_at = completion.now;
    certificate.certificate = completion.certificate.bytes();
    auto& request = state_->requests.at(intent.request);
    request.state = RequestState::issued;
    request.updated_at = completion.now;
    state_->changed(completion.serial);
    commit(completion.now, std::move(events));
    return success();
}

Result<void> FakeStore::refuse(issuance::Refusal refusal, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::refuse, refusal.now));
    const auto known = state_->requests.find(refusal.request);
    if (refusal.resumes_request != (known != state_->requests.end()))
        return fail(ErrorCode::conflict, "no such request to refuse");
    // intended becomes refused by settle alone.
    if (refusal.resumes_request &&
        ((refusal.from && *refusal.from != known->second.state) || known->second.state == RequestState::intended ||
         !issuance::may_follow(known->second.state, RequestState::refused))) {
        return fail(ErrorCode::conflict, "the request is past refusal");
    }
    auto& request = state_->requests[refusal.request];
    request.id = refusal.request;
    request.state = RequestState::refused;
    if (!refusal.resumes_request) {
        request.received_at = refusal.received_at;
        request.principal = refusal.principal;
        request.channel = refusal.channel;
        request.peer = refusal.peer;
        request.profile = refusal.profile;
        request.proof = refusal.proof;
    }
    request.updated_at = refusal.now;
    request.code = refusal.code;
    request.reason = refusal.reason;
    put_attestation(refusal.request, refusal.attestation);
    commit(refusal.now, std::move(events));
    return success();
}

Result<void> FakeStore::park(issuance::PendingRequest pending, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::park, pending.now));
    const auto known = state_->requests.find(pending.request);
    if (known != state_->requests.end() && ((pending.from && *pending.from != known->second.state) ||
                                            !issuance::may_follow(known->second.state, pending.state))) {
        return fail(ErrorCode::conflict, "the request has moved on");
    }
    for (const auto& [id, other] : state_->requests) {
        if (known == state_->requests.end() && issuance::is_waiting(other.state) && pending.secret_id &&
            other.secret_id == pending.secret_id)
            return fail(ErrorCode::conflict, "another request with this secret waits already");
    }
    auto& request = state_->requests[pending.request];
    request.id = pending.request;
    request.state = pending.state;
    request.received_at = pending.received_at;
    request.updated_at = pending.now;
    request.principal = pending.principal;
    request.channel = pending.channel;
    request.peer = pending.peer;
    request.profile = pending.profile;
    request.proof = pending.proof;
    request.resume_token = pending.resume_token;
    request.secret_id = pending.secret_id;
    put_attestation(pending.request, pending.attestation);
    commit(pending.now, std::move(events));
    return success();
}

Result<unsigned> FakeStore::approve(const RequestId& request, std::string_view officer, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::approve, now));
    const auto found = state_->requests.find(request);
    if (found == state_->requests.end()) return fail(ErrorCode::not_found, "no such request");
    auto& approvals = found->second.approvals;
    if (found->second.state != RequestState::awaiting_approval)
        return fail(ErrorCode::conflict, "the request does not wait for approvals");
    if (std::find(approvals.begin(), approvals.end(), officer) != approvals.end())
        return fail(ErrorCode::conflict, "approved by this officer already");
    approvals.emplace_back(officer);
    found->second.updated_at = now;
    commit(now, std::move(events));
    return static_cast<unsigned>(approvals.size());
}

Result<void> FakeStore::record(Events events, UtcTime now) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::record, now));
    commit(now, std::move(events));
    return success();
}

Result<std::vector<issuance::OpenIntent>> FakeStore::open_intents(const issuance::Node& node, UtcTime now) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::open_intents));
    std::vector<issuance::OpenIntent> open;
    for (const auto& [id, entry] : state_->intents) {
        const bool older = entry.intent.node.id == node.id && entry.intent.node.epoch < node.epoch;
        if (entry.open && (older || entry.intent.lease_until <= now)) open.push_back(entry.intent);
    }
    return open;
}

Result<void> FakeStore::settle(const IntentId& intent, issuance::Settlement settlement, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::settle, now));
    const auto found = state_->intents.find(intent);
    if (found == state_->intents.end() || !found->second.open)
        return fail(ErrorCode::conflict, "the intent was settled");
    found->second.open = false;
    auto& certificate = state_->certificates.at(found->second.intent.serial);
    auto& request = state_->requests.at(found->second.intent.request);
    request.updated_at = now;
    if (settlement == issuance::Settlement::abandoned) {
        certificate.state = CertificateState::abandoned;
        request.state = RequestState::refused;
        request.code = ErrorCode::unavailable;
        request.reason = "no signature could be made";
    } else {
        certificate.state = CertificateState::indeterminate;
        certificate.revocation = issuance::Revocation{now, x509::RevocationReason::unspecified, {}};
        request.state = RequestState::indeterminate;
    }
    state_->changed(certificate.serial);
    commit(now, std::move(events));
    return success();
}

Result<issuance::RequestRecord> FakeStore::request(const RequestId& id) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::request));
    const auto found = state_->requests.find(id);
    if (found == state_->requests.end()) return fail(ErrorCode::not_found, "no such request");
    return found->second;
}

Result<std::vector<issuance::RequestRecord>> FakeStore::requests(std::optional<RequestState> state, std::size_t limit) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::requests));
    std::vector<issuance::RequestRecord> chosen;
    for (const auto& [id, record] : state_->requests) {
        if (chosen.size() < limit && (!state || record.state == *state)) chosen.push_back(record);
    }
    return chosen;
}

bool FakeStore::healthy() const noexcept {
    const std::lock_guard lock{mutex_};
    return state_->healthy;
}

Result<void> FakeStore::probe(UtcTime now) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::probe, now));
    commit(now, {});
    return success();
}

}  // namespace sealwright::test
