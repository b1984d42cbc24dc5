#include "issuance/audit_events.hpp"

#include "crypto/digest.hpp"

namespace sealwright::issuance {

using audit::EventKind;

namespace {

std::map<std::string, std::string> refusal_fields(const Refusal& refusal, ByteView whole_input) {
    std::map<std::string, std::string> fields{
        {"channel", refusal.channel}, {"code", std::string{error_code_name(refusal.code)}},
        {"peer", refusal.peer},       {"profile", refusal.profile},
        {"reason", refusal.reason},   {"request", refusal.request.hex()},
    };
    if (!whole_input.empty()) fields["proof_sha256"] = crypto::sha256(whole_input).hex();
    if (!refusal.attestation.empty()) fields["attestation_sha256"] = crypto::sha256(refusal.attestation).hex();
    return fields;
}

}  // namespace

Event EventMaker::make(EventKind kind, UtcTime time, std::string_view actor,
                       std::map<std::string, std::string> fields) const {
    Event event;
    event.kind = kind;
    event.time = time;
    event.node = node_.id;
    event.epoch = node_.epoch;
    event.actor = actor;
    event.fields = std::move(fields);
    return event;
}

Event EventMaker::request_refused(const Refusal& refusal, ByteView whole_input) const {
    return make(EventKind::request_refused, refusal.now, refusal.principal, refusal_fields(refusal, whole_input));
}

Event EventMaker::request_denied(const Refusal& refusal, std::string_view officer) const {
    auto fields = refusal_fields(refusal, refusal.proof);
    fields["requester"] = refusal.principal;
    return make(EventKind::request_denied, refusal.now, officer, std::move(fields));
}

Event EventMaker::input_refused(const Refusal& refusal, ByteView whole_input) const {
    return make(EventKind::input_refused, refusal.now, refusal.principal, refusal_fields(refusal, whole_input));
}

Event EventMaker::access_denied(const policy::Principal& principal, std::string_view action, std::string_view object,
                                UtcTime now) const {
    return make(EventKind::access_denied, now, policy::describe(principal),
                {{"action", std::string{action}}, {"object", std::string{object}}});
}

Event EventMaker::awaiting_approval(const PendingRequest& pending, unsigned needed) const {
    return make(EventKind::request_awaiting_approval, pending.now, pending.principal,
                {{"approvals_needed", std::to_string(needed)},
                 {"channel", pending.channel},
                 {"peer", pending.peer},
                 {"profile", pending.profile},
                 {"proof_sha256", crypto::sha256(pending.proof).hex()},
                 {"request", pending.request.hex()}});
}

Event EventMaker::request_approved(const RequestRecord& record, std::string_view officer, UtcTime now) const {
    return make(EventKind::request_approved, now, officer,
                {{"profile", record.profile}, {"request", record.id.hex()}, {"requester", record.principal}});
}

Event EventMaker::challenged(const PendingRequest& pending, const attestation::Verdict& verdict,
                             const ChallengeToken& token) const {
    return make(EventKind::request_challenged, pending.now, pending.principal,
                {{"ak_name", to_hex(verdict.facts().ak_name)},
                 {"attestation_sha256", crypto::sha256(pending.proof).hex()},
                 {"channel", pending.channel},
                 {"ek", verdict.facts().ek.hex()},
                 {"expires_at", to_rfc3339(token.expires_at)},
                 {"nonce_sha256", crypto::sha256(token.nonce).hex()},
                 {"peer", pending.peer},
                 {"profile", pending.profile},
                 {"request", pending.request.hex()}});
}

Event EventMaker::ek_imported(const EkEntry& entry) const {
    return make(EventKind::ek_imported, entry.added_at, entry.added_by, {{"ek", entry.ek.hex()}, {"note", entry.note}});
}

Event EventMaker::ek_removed(const KeyId& ek, std::string_view actor, UtcTime now) const {
    return make(EventKind::ek_removed, now, actor, {{"ek", ek.hex()}});
}

Event EventMaker::device_ended(const DeviceRecord& device, DeviceState state, std::string_view actor,
                               std::string_view reason, UtcTime now) const {
    return make(state == DeviceState::retired ? EventKind::device_retired : EventKind::device_revoked, now, actor,
                {{"ek", device.about.ek.hex()}, {"names", device.names}, {"reason", std::string{reason}}});
}

Event EventMaker::intended(const Intent& intent) const {
    std::map<std::string, std::string> fields{
        {"channel", intent.channel},
        {"intent", intent.id.hex()},
        {"issuer_key", intent.issuer_key.hex()},
        {"lease_until", to_rfc3339(intent.lease_until)},
        {"names", intent.names},
        {"not_after", to_rfc3339(intent.not_after)},
        {"not_before", to_rfc3339(intent.not_before)},
        {"peer", intent.peer},
        {"profile", intent.profile},
        {"profile_sha256", intent.profile_digest.hex()},
        {"request", intent.request.hex()},
        {"serial", intent.serial.hex()},
        {"subject_key", intent.subject_key.hex()},
        {"tbs_sha256", intent.tbs_digest.hex()},
    };
    if (intent.renews) fields["renews"] = intent.renews->hex();
    if (intent.device) {
        fields["attestation_sha256"] = crypto::sha256(intent.attestation).hex();
        fields["ek"] = intent.device->ek.hex();
        fields["level"] = attestation::level_name(intent.device->level);
    }
    return make(EventKind::certificate_intended, intent.now, intent.principal, std::move(fields));
}

Event EventMaker::secret_used(const Intent& intent) const {
    return make(EventKind::secret_used, intent.now, intent.principal,
                {{"request", intent.request.hex()}, {"secret", intent.secret_id.value_or("")}});
}

Event EventMaker::issued(const Completion& completion, const RequestId& request, std::string_view actor) const {
    return make(EventKind::certificate_issued, completion.now, actor,
                {{"certificate_sha256", crypto::sha256(completion.certificate.view()).hex()},
                 {"intent", completion.intent.hex()},
                 {"request", request.hex()},
                 {"serial", completion.serial.hex()}});
}

Event EventMaker::settled(const OpenIntent& intent, Settlement settlement, std::string_view why, UtcTime now) const {
    const auto kind =
        settlement == Settlement::abandoned ? EventKind::certificate_abandoned : EventKind::certificate_indeterminate;
    return make(kind, now, kDaemonActor,
                {{"intent", intent.id.hex()},
                 {"intent_epoch", std::to_string(intent.node.epoch.value())},
                 {"intent_node", intent.node.id.hex()},
                 {"request", intent.request.hex()},
                 {"serial", intent.serial.hex()},
                 {"tbs_sha256", intent.tbs_digest.hex()},
                 {"why", std::string{why}}});
}

}  // namespace sealwright::issuance
