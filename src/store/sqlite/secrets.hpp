// secrets.hpp: one-time enrolment secrets, kept by the hash of what they are.
#pragma once

#include <optional>
#include <vector>

#include "issuance/ca_store.hpp"
#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

Result<void> create_secret(Connection& connection, const issuance::SecretRecord& record);
Result<void> revoke_secret(Connection& connection, std::string_view id, UtcTime now);

// check_usable refuses (conflict) a secret that is unknown, used, revoked or expired; use_secret uses it up.
Result<void> check_usable(Connection& connection, std::string_view id, UtcTime now);
Result<void> use_secret(Connection& connection, std::string_view id, const RequestId& request, UtcTime now);

// read_secrets gives the newest ones first, at most 10,000.
Result<std::vector<issuance::SecretRecord>> read_secrets(Connection& connection);
Result<std::optional<issuance::SecretRecord>> find_secret(Connection& connection, const Sha256& hash);

}  // namespace sealwright::store::sqlite
