// migrations.hpp: the schema's versions. Each is a numbered SQL file in src/store/migrations, embedded in the program.
#pragma once

#include <span>

#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

struct Migration {
    int version = 0;  // counts from 1 without gaps; it is the file's user_version afterwards
    const char* sql = "";
};

// migrations gives all that this program knows, oldest first.
std::span<const Migration> migrations() noexcept;

// migrate brings a file up to the newest of these in one transaction. It refuses a file that is not a store of ours,
// and (conflict) one whose schema is newer than the newest.
Result<void> migrate(Connection& connection, std::span<const Migration> known);

// check_is_migrated wants a file of the newest of these and changes nothing; conflict where it is of another.
Result<void> check_is_migrated(Connection& connection, std::span<const Migration> known);

}  // namespace sealwright::store::sqlite
