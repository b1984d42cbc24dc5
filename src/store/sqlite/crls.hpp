// crls.hpp: CRL numbers, which are reserved and never used twice, and the CRLs made under them.
#pragma once

#include <optional>
#include <vector>

#include "issuance/ca_store.hpp"
#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

// last_crl_number gives the highest number that was ever reserved, 0 where none was.
Result<std::uint64_t> last_crl_number(Connection& connection, const KeyId& issuer);
Result<void> save_crl_number(Connection& connection, const KeyId& issuer, std::uint64_t number);
Result<std::uint64_t> reserve_crl_number(Connection& connection, const KeyId& issuer);
Result<void> intend_crl(Connection& connection, const issuance::CrlIntent& intent);
// complete_crl drops the bytes of CRLs that are older than the kept newest ones.
Result<void> complete_crl(Connection& connection, const IntentId& intent, const issuance::CrlRecord& record,
                          std::uint64_t kept);
Result<void> abandon_crl(Connection& connection, const IntentId& intent);
Result<std::vector<issuance::CrlIntent>> read_open_crl_intents(Connection& connection, const issuance::Node& node);
Result<std::optional<issuance::CrlRecord>> latest_crl(Connection& connection, const KeyId& issuer);

}  // namespace sealwright::store::sqlite
