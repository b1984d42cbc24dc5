// audit_events.hpp: the audit entries of issuance, each made in one place with the fields that docs/audit.md wants of
// its kind.
#pragma once

#include "issuance/ca_store.hpp"
#include "issuance/challenge_token.hpp"
#include "issuance/linted_tbs.hpp"
#include "policy/principal.hpp"

namespace sealwright::issuance {

// The actor of what nobody asked for.
inline constexpr std::string_view kDaemonActor = "daemon";

// EventMaker stamps events with the node. Immutable, thread-safe.
class EventMaker {
public:
    explicit EventMaker(Node node) : node_(node) {}
    const Node& node() const noexcept { return node_; }

    Event make(audit::EventKind kind, UtcTime time, std::string_view actor,
               std::map<std::string, std::string> fields = {}) const;

    // whole_input is what was refused before it was cut to what a refusal keeps; its digest goes into the entry.
    Event request_refused(const Refusal& refusal, ByteView whole_input) const;
    Event input_refused(const Refusal& refusal, ByteView whole_input) const;
    Event request_denied(const Refusal& refusal, std::string_view officer) const;
    Event access_denied(const policy::Principal& principal, std::string_view action, std::string_view object,
                        UtcTime now) const;
    Event awaiting_approval(const PendingRequest& pending, unsigned needed) const;
    Event request_approved(const RequestRecord& record, std::string_view officer, UtcTime now) const;
    Event challenged(const PendingRequest& pending, const attestation::Verdict& verdict,
                     const ChallengeToken& token) const;
    Event ek_imported(const EkEntry& entry) const;
    Event ek_removed(const KeyId& ek, std::string_view actor, UtcTime now) const;
    Event device_ended(const DeviceRecord& device, DeviceState state, std::string_view actor, std::string_view reason,
                       UtcTime now) const;
    Event intended(const Intent& intent) const;
    Event secret_used(const Intent& intent) const;
    Event issued(const Completion& completion, const RequestId& request, std::string_view actor) const;
    // settled is certificate_abandoned or certificate_indeterminate; why is for auditors: an error code's name or the
    // journal's word.
    Event settled(const OpenIntent& intent, Settlement settlement, std::string_view why, UtcTime now) const;

private:
    Node node_;
};

}  // namespace sealwright::issuance
