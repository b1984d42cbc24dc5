// maintenance.hpp: the numbers that a store goes on from, and how a person sets them forward after a theft or the
// restoring of an older state.
#pragma once

#include "store/sqlite/connection.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace sealwright::store::sqlite {

// read_standing gives all of them; of a node that never booted boot 0. It wants one snapshot.
Result<Standing> read_standing(Connection& connection);

// raise_boot and raise_crl_number: conflict where another number than `from` stands, or `to` is not greater; too_large
// beyond what the signer takes. Nothing was written then. A key that has no row yet stands at 0.
Result<void> raise_boot(Connection& connection, BootEpoch from, BootEpoch to);
Result<void> raise_crl_number(Connection& connection, const KeyId& issuer, std::uint64_t from, std::uint64_t to);

// check_clock_is_behind: conflict where the last commit is not of that time, or `now` does not lie more than the
// tolerance before it.
Result<void> check_clock_is_behind(Connection& connection, UtcTime last_commit, UtcTime now,
                                   std::chrono::seconds tolerance);

}  // namespace sealwright::store::sqlite
