// event.hpp: one entry of the audit log: what happened, to what, by whom, when. Canonical JSON (RFC 8785), version 1, digests instead of blobs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace sealwright::audit {

inline constexpr unsigned kEventVersion = 1;
// An entry behind which times may lie before those of the entries in front of it: a reader of version 1 must not judge what follows.
inline constexpr unsigned kClockEventVersion = 2;
inline constexpr std::size_t kMaxLeafSize = 65535;  // C2SP tlog-tiles entry bundle bound

// EventKind: the schema in docs/audit.md says which fields each kind must have. Names are stable.
enum class EventKind : std::uint8_t {
    daemon_started, daemon_stopped, epoch_opened, configuration_loaded,
    request_received, request_refused, request_awaiting_approval, request_approved, request_denied,
    certificate_intended, certificate_issued, certificate_indeterminate, certificate_abandoned,
    certificate_adopted, certificate_revoked, certificate_held, certificate_released,
    crl_intended, crl_issued, crl_abandoned,
    secret_created, secret_used, secret_revoked,
    profile_loaded, access_denied, input_refused, clock_stopped, issuance_stopped, issuance_resumed,
    key_enrolled,
    request_challenged, ek_imported, ek_removed, device_revoked, device_retired,
    epoch_raised, crl_number_raised, clock_accepted,
};
std::string_view event_kind_name(EventKind kind) noexcept;  // "certificate.intended"
Result<EventKind> parse_event_kind(std::string_view name);
// event_version is the "v" of every entry of that kind.
unsigned event_version(EventKind kind) noexcept;

// Event is filled by the room where it happens; the store gives it its place in the log. Field values are UTF-8 text; keys are lower_snake_case.
struct Event {
    EventKind kind = EventKind::daemon_started;
    UtcTime time{};
    NodeId node;
    BootEpoch epoch;
    std::string actor;                          // principal as text ("secret:3f2a", "uid:0", "cert:<fingerprint>", "daemon")
    std::map<std::string, std::string> fields;  // "serial", "request", "intent", "tbs_sha256", "certificate_sha256", "profile", "reason", ...
};

// encode_event is the leaf: canonical JSON {"actor":..,"epoch":..,"fields":{..},"kind":..,"node":..,"time":..,"v":..}. Values are truncated with an ellipsis
// so that a leaf never passes kMaxLeafSize.
Bytes encode_event(const Event& event);
// parse_event is strict: exactly these members, and the bytes must be what encode_event writes.
Result<Event> parse_event(ByteView leaf);

}  // namespace sealwright::audit
