// requests.hpp: enrolment requests and their states.
#pragma once

#include <optional>
#include <vector>

#include "issuance/ca_store.hpp"
#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

// StoredRequest is what a change must know of a request: its row and where it stands.
struct StoredRequest {
    std::int64_t seq = 0;
    issuance::RequestState state{};
};
Result<std::optional<StoredRequest>> find_request(Connection& connection, const RequestId& id);

// check_resumable gives the row of a request that may go on to this state; not_found or conflict else.
Result<std::int64_t> check_resumable(Connection& connection, const RequestId& id, issuance::RequestState next,
                                     std::optional<issuance::RequestState> from);
// check_unknown refuses (conflict) a request id that is taken.
Result<void> check_unknown(Connection& connection, const RequestId& id);

// put_intended writes the request of an intent, whose certificate will have the row certificate; gives the request's
// row. resumed is its row where it has one.
Result<std::int64_t> put_intended(Connection& connection, const issuance::Intent& intent,
                                  std::optional<std::int64_t> resumed, std::int64_t certificate);

Result<void> refuse(Connection& connection, const issuance::Refusal& refusal);
Result<void> park(Connection& connection, const issuance::PendingRequest& pending);
Result<unsigned> approve(Connection& connection, const RequestId& request, std::string_view officer, UtcTime now);

Result<issuance::RequestRecord> read_request(Connection& connection, const RequestId& id);
Result<std::vector<issuance::RequestRecord>> read_requests(Connection& connection,
                                                           std::optional<issuance::RequestState> state,
                                                           std::size_t limit);

}  // namespace sealwright::store::sqlite
