#include "issuance/device_register.hpp"

#include <set>

namespace sealwright::issuance {

Result<void> DeviceRegister::check_may(const policy::Principal& by, policy::Action action, const std::string& object) {
    auto may = policy::check_role(by, action);
    if (may) return success();
    const UtcTime now = clock_.now();
    log_.warning("devices", policy::describe(by) + " may not change " + object + ": " + may.error().describe());
    Events record;
    record.push_back(events_.access_denied(by, policy::action_name(action), object, now));
    if (auto recorded = store_.record(std::move(record), now); !recorded)
        return fail(ErrorCode::storage, "the refusal could not be recorded", recorded.error().describe());
    return may;
}

Result<std::size_t> DeviceRegister::import_eks(const std::vector<NewEk>& eks, const policy::Principal& by) {
    SEALWRIGHT_TRY(check_may(by, policy::Action::approve, "ek list"));
    if (eks.size() > kMaxEksAtOnce)
        return fail(ErrorCode::too_large, "at most " + std::to_string(kMaxEksAtOnce) + " endorsement keys at once");
    const UtcTime now = clock_.now();
    std::vector<EkEntry> entries;
    Events record;
    std::set<KeyId> seen;
    for (const auto& [ek, note] : eks) {
        SEALWRIGHT_TRY(const bool listed, store_.is_ek_listed(ek));
        if (listed || !seen.insert(ek).second) continue;
        entries.push_back({ek, note, now, policy::describe(by)});
        record.push_back(events_.ek_imported(entries.back()));
    }
    if (entries.empty()) return std::size_t{0};
    return store_.import_eks(entries, now, std::move(record));
}

Result<void> DeviceRegister::remove_ek(const KeyId& ek, const policy::Principal& by) {
    SEALWRIGHT_TRY(check_may(by, policy::Action::approve, "ek " + ek.hex()));
    const UtcTime now = clock_.now();
    Events record;
    record.push_back(events_.ek_removed(ek, policy::describe(by), now));
    return store_.remove_ek(ek, now, std::move(record));
}

Result<std::size_t> DeviceRegister::end(const KeyId& ek, DeviceState state, x509::RevocationReason reason,
                                        const policy::Principal& by) {
    SEALWRIGHT_TRY(check_may(by, policy::Action::revoke, "device " + ek.hex()));
    using enum x509::RevocationReason;
    if (reason == certificate_hold || reason == remove_from_crl)
        return fail(ErrorCode::denied, "a device is ended for good: a hold and its end are no reasons for that");
    SEALWRIGHT_TRY(const auto device, store_.device(ek, clock_.now()));
    if (device.state != state) {
        const UtcTime now = clock_.now();
        Events record;
        record.push_back(events_.device_ended(device, state, policy::describe(by), x509::reason_name(reason), now));
        SEALWRIGHT_TRY(store_.end_device(ek, state, now, std::move(record)));
    } else if (device.certificates.empty()) {
        return fail(ErrorCode::conflict, "the device is " + std::string{device_state_name(state)} + " already");
    }
    return revoke_all(ek, reason, by);
}

// revoke_all: what is under way can be completed no more, so that the list only gets shorter.
Result<std::size_t> DeviceRegister::revoke_all(const KeyId& ek, x509::RevocationReason reason,
                                               const policy::Principal& by) {
    std::size_t revoked = 0;
    for (;;) {
        SEALWRIGHT_TRY(const auto device, store_.device(ek, clock_.now()));
        if (device.certificates.empty()) return revoked;
        for (const auto& serial : device.certificates) {
            auto done = revoker_.revoke(serial, reason, by);
            // Somebody else revoked it meanwhile.
            if (!done && done.error().code() != ErrorCode::conflict) return done.error();
            revoked += done ? 1 : 0;
        }
    }
}

}  // namespace sealwright::issuance
