// revocations.hpp: what is revoked, on hold or indeterminate, and the trail of changes by which the OCSP cache forgets.
#pragma once

#include <functional>
#include <optional>

#include "issuance/ca_store.hpp"
#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

// Revoked is the certificate that a revocation is of, as its row has it.
struct RevokedCertificate {
    std::int64_t issuer = 0;
    SerialNumber serial;
    UtcTime not_after{};
};

// put_revocation writes or replaces the revocation and the change of status; history is how many changes are kept.
Result<void> put_revocation(Connection& connection, const RevokedCertificate& certificate,
                            const issuance::Revocation& revocation, std::uint64_t history);

Result<void> revoke(Connection& connection, const SerialNumber& serial, const issuance::Revocation& revocation,
                    std::uint64_t history);
Result<void> release(Connection& connection, const SerialNumber& serial, std::uint64_t history);

// read_revocation reads the columns revoked_at, reason, invalidity_date; nullopt where they are NULL.
std::optional<issuance::Revocation> read_revocation(RowReader& row);

Result<issuance::Status> read_status(Connection& connection, const KeyId& issuer, const SerialNumber& serial);
Result<void> visit_revoked(Connection& connection, const KeyId& issuer, UtcTime now,
                           const std::function<void(const x509::CrlEntry&)>& visit);
Result<issuance::CaStore::Changes> read_changes(Connection& connection, std::uint64_t counter);

}  // namespace sealwright::store::sqlite
