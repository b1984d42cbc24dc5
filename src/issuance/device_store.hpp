// device_store.hpp: what issuance remembers of devices: which endorsement keys are approved, which device is who, and
// the record of each attestation. Part of CaStore (ca_store.hpp), whose rules for threads, durability and errors hold
// here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attestation/verdict.hpp"
#include "audit/event.hpp"

namespace sealwright::issuance {

// EkEntry is one line of the list of approved endorsement keys.
struct EkEntry {
    KeyId ek;
    std::string note;  // "rack 12", may be empty
    UtcTime added_at{};
    std::string added_by;
};

// AttestedDevice is what an attestation made known of the device, stored with the intent that rests on it. Its identity
// is the intent's names.
struct AttestedDevice {
    KeyId ek;
    attestation::Level level = attestation::Level::none;
    std::string ek_template, manufacturer, model, firmware;  // as the EK certificate has them; may be empty
    Sha256 identity;                                         // of its names in one canonical form (listed_names.hpp)
};

enum class DeviceState : std::uint8_t {
    enrolled = 1,
    revoked = 2,  // its EK gets nothing more
    retired = 3,  // its EK may enrol anew, under any identity
};
std::string_view device_state_name(DeviceState state) noexcept;

struct DeviceRecord {
    AttestedDevice about;  // as of the last attestation
    DeviceState state = DeviceState::enrolled;
    std::string names;  // its identity: RFC 4514 subject and SANs as text
    std::string profile;
    UtcTime enrolled_at{}, last_seen_at{};
    std::optional<UtcTime> ended_at;         // revoked or retired
    RequestId last_request;                  // whose record says how it proved itself last
    std::vector<SerialNumber> certificates;  // issued, neither revoked nor expired; newest first; only from device()
};

struct DeviceFilter {
    std::string name_contains;
    std::optional<DeviceState> state;
    std::size_t limit = 100;
    std::optional<KeyId> after;  // paging, in order of first enrolment
};

class DeviceStore {
public:
    virtual ~DeviceStore() = default;

    // import_eks adds those that are not on the list; gives how many were.
    virtual Result<std::size_t> import_eks(const std::vector<EkEntry>& entries, UtcTime now,
                                           std::vector<audit::Event> events) = 0;
    // remove_ek: not_found. What was issued stays; a renewal reaches the level no more.
    virtual Result<void> remove_ek(const KeyId& ek, UtcTime now, std::vector<audit::Event> events) = 0;
    virtual Result<bool> is_ek_listed(const KeyId& ek) = 0;
    // eks lists in order of the identifier.
    virtual Result<std::vector<EkEntry>> eks(const std::optional<KeyId>& after, std::size_t limit) = 0;

    // device: not_found. now decides which of its certificates have expired.
    virtual Result<DeviceRecord> device(const KeyId& ek, UtcTime now) = 0;
    virtual Result<std::vector<DeviceRecord>> devices(const DeviceFilter& filter) = 0;
    // end_device: state is revoked or retired; not_found; conflict when it is so already or (retired) was revoked. Its
    // certificates are the caller's business.
    virtual Result<void> end_device(const KeyId& ek, DeviceState state, UtcTime now,
                                    std::vector<audit::Event> events) = 0;
    // device_of gives the device of a certificate, nothing for one that was issued without an attestation.
    virtual Result<std::optional<KeyId>> device_of(const SerialNumber& serial) = 0;

    // attestation gives the record (attestation/record.hpp) of a request; not_found where it has none.
    virtual Result<Bytes> attestation(const RequestId& request) = 0;
    // challenged gives the requests of this principal (policy::describe) that wait for the answer to a challenge.
    virtual Result<std::vector<RequestId>> challenged(std::string_view principal) = 0;
};

}  // namespace sealwright::issuance
