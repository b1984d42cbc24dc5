// device_register.hpp: what officers do with devices: approving endorsement keys, revoking and retiring devices.
#pragma once

#include "issuance/audit_events.hpp"
#include "issuance/revocation.hpp"
#include "policy/decision.hpp"

namespace sealwright::issuance {

inline constexpr std::size_t kMaxEksAtOnce = 1000;

// DeviceRegister: thread-safe. Only local principals with the role may (denied else, with an audit entry).
class DeviceRegister {
public:
    DeviceRegister(CaStore& store, Revoker& revoker, Node node, const Clock& clock, Log& log)
        : store_(store), revoker_(revoker), events_(node), clock_(clock), log_(log) {}

    struct NewEk {
        KeyId ek;
        std::string note;
    };
    // import_eks adds what is not on the list yet, each with an audit entry; gives how many were added. too_large
    // beyond kMaxEksAtOnce.
    Result<std::size_t> import_eks(const std::vector<NewEk>& eks, const policy::Principal& by);
    Result<void> remove_ek(const KeyId& ek, const policy::Principal& by);

    // end is durable for the device before its first certificate is revoked; called again it goes on where it was
    // broken off. state is revoked (the EK gets nothing more) or retired (it may enrol anew). Gives how many
    // certificates were revoked now. not_found; conflict when there is nothing left to do.
    Result<std::size_t> end(const KeyId& ek, DeviceState state, x509::RevocationReason reason,
                            const policy::Principal& by);

private:
    Result<std::size_t> revoke_all(const KeyId& ek, x509::RevocationReason reason, const policy::Principal& by);
    Result<void> check_may(const policy::Principal& by, policy::Action action, const std::string& object);

    CaStore& store_;
    Revoker& revoker_;
    const EventMaker events_;
    const Clock& clock_;
    Log& log_;
};

}  // namespace sealwright::issuance
