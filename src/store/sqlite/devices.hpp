// devices.hpp: approved endorsement keys, devices and their attestations.
#pragma once

#include <optional>
#include <vector>

#include "issuance/ca_store.hpp"
#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

Result<std::size_t> import_eks(Connection& connection, const std::vector<issuance::EkEntry>& entries);
Result<void> remove_ek(Connection& connection, const KeyId& ek);
Result<bool> is_ek_listed(Connection& connection, const KeyId& ek);
Result<std::vector<issuance::EkEntry>> read_eks(Connection& connection, const std::optional<KeyId>& after,
                                                std::size_t limit);

// check_identity refuses (denied) an intent whose device may not have these names; it writes nothing.
Result<void> check_identity(Connection& connection, const issuance::Intent& intent);
// check_still_enrolled refuses (conflict) to complete a certificate whose device was revoked or retired while it was
// signed.
Result<void> check_still_enrolled(Connection& connection, std::optional<std::int64_t> device);
// put_device binds the device to the intent's names, which check_identity allowed; gives its row.
Result<std::int64_t> put_device(Connection& connection, const issuance::Intent& intent);
// put_attestation keeps the record of a request, in the place of an older one.
Result<void> put_attestation(Connection& connection, std::int64_t request, const Bytes& record);
Result<void> check_attestation_size(const Bytes& record);

Result<issuance::DeviceRecord> read_device(Connection& connection, const KeyId& ek, UtcTime now);
Result<std::vector<issuance::DeviceRecord>> read_devices(Connection& connection, const issuance::DeviceFilter& filter);
Result<void> end_device(Connection& connection, const KeyId& ek, issuance::DeviceState state, UtcTime now);
Result<std::optional<KeyId>> device_of(Connection& connection, const SerialNumber& serial);
Result<Bytes> read_attestation(Connection& connection, const RequestId& request);
Result<std::vector<RequestId>> read_challenged(Connection& connection, std::string_view principal);

}  // namespace sealwright::store::sqlite
