#include "store/sqlite/requests.hpp"

#include "store/sqlite/devices.hpp"
#include "store/sqlite/limits.hpp"

namespace sealwright::store::sqlite {
namespace {

using issuance::CertificateState;
using issuance::RequestRecord;
using issuance::RequestState;

// An intended request stands where its certificate stands.
#define SEALWRIGHT_EFFECTIVE_STATE                                                                                  \
    "CASE WHEN r.state <> 'intended' THEN r.state WHEN c.state = 1 THEN 'intended' WHEN c.state = 2 THEN 'issued' " \
    "WHEN c.state = 3 THEN 'indeterminate' WHEN c.state = 4 THEN 'refused' ELSE 'damaged' END"

#define SEALWRIGHT_REQUEST_COLUMNS                                                                               \
    "SELECT r.seq, r.id, " SEALWRIGHT_EFFECTIVE_STATE                                                            \
    ", r.received_at, max(r.updated_at, coalesce(c.issued_at, 0)), r.principal, r.channel, "                     \
    "r.peer, r.profile, r.proof, r.resume_token, r.secret, c.serial, r.code, r.reason FROM request r LEFT JOIN " \
    "certificate c ON c.seq = r.certificate "

#define SEALWRIGHT_WAITING "'received', 'challenged', 'awaiting_approval'"

RequestState read_state(RowReader& row) {
    const std::string name = row.text("state", kMaxShortText);
    const auto state = issuance::parse_request_state(name);
    if (!state) {
        row.lie("state", "no such state");
        return RequestState::refused;
    }
    return state.value();
}

// read_request_record reads the columns of SEALWRIGHT_REQUEST_COLUMNS, without the approvals.
Result<std::pair<std::int64_t, RequestRecord>> read_request_record(const Query& query) {
    RowReader row{query, "request"};
    RequestRecord record;
    const std::int64_t seq = row.integer("seq", 1, kMaxInteger);
    record.id = row.fixed<RequestId>("id");
    record.state = read_state(row);
    record.received_at = row.time("received_at");
    record.updated_at = row.time("updated_at");
    record.principal = row.text("principal", kMaxShortText);
    record.channel = row.text("channel", kMaxShortText);
    record.peer = row.text("peer", kMaxShortText);
    record.profile = row.text("profile", kMaxShortText);
    record.proof = row.blob("proof", kMaxProof);
    record.resume_token = row.blob("resume_token", kMaxResumeToken);
    if (!row.next_is_null()) record.secret_id = row.text("secret", kMaxShortText);
    record.serial = row.optional_fixed<SerialNumber>("serial");
    if (!row.next_is_null()) record.code = parse_error_code(row.text("code", kMaxShortText));
    record.reason = row.text("reason", kMaxLongText);
    SEALWRIGHT_TRY(row.finish());
    if (record.state == RequestState::refused && !record.code) {
        // Its intent was abandoned.
        record.code = ErrorCode::unavailable;
        record.reason = "the request was abandoned before it was signed; no certificate exists";
    }
    return std::pair{seq, std::move(record)};
}

Result<void> add_approvals(Connection& connection, std::int64_t seq, RequestRecord& record) {
    SEALWRIGHT_TRY(auto query,
                   connection.query("SELECT officer FROM approval WHERE request = ?1 ORDER BY at, officer", seq));
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return success();
        RowReader row{query, "approval"};
        record.approvals.push_back(row.text("officer", kMaxShortText));
        SEALWRIGHT_TRY(row.finish());
    }
}

template <class Request>
Result<void> check_sizes(const Request& request) {
    SEALWRIGHT_TRY(check_size("the principal", request.principal.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the channel", request.channel.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the peer", request.peer.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the profile's name", request.profile.size(), kMaxShortText));
    return check_size("the proof", request.proof.size(), kMaxProof);
}

}  // namespace

Result<std::optional<StoredRequest>> find_request(Connection& connection, const RequestId& id) {
    SEALWRIGHT_TRY(auto query,
                   connection.query("SELECT r.seq, " SEALWRIGHT_EFFECTIVE_STATE
                                    " FROM request r LEFT JOIN certificate c ON c.seq = r.certificate WHERE r.id = ?1",
                                    id));
    SEALWRIGHT_TRY(const bool found, query.step());
    std::optional<StoredRequest> request;
    if (!found) return request;
    RowReader row{query, "request"};
    request.emplace();
    request->seq = row.integer("seq", 1, kMaxInteger);
    request->state = read_state(row);
    SEALWRIGHT_TRY(row.finish());
    return request;
}

Result<std::int64_t> check_resumable(Connection& connection, const RequestId& id, RequestState next,
                                     std::optional<RequestState> from) {
    SEALWRIGHT_TRY(const auto request, find_request(connection, id));
    if (!request) return fail(ErrorCode::not_found, "no such request");
    // Only its certificate moves an intended request on, and everything else only from where its caller saw it.
    if ((from && request->state != *from) || request->state == RequestState::intended ||
        !issuance::may_follow(request->state, next)) {
        return fail(ErrorCode::conflict, "the request is " + std::string{issuance::request_state_name(request->state)});
    }
    return request->seq;
}

Result<void> check_unknown(Connection& connection, const RequestId& id) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT 1 FROM request WHERE id = ?1", id));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (found) return fail(ErrorCode::conflict, "the request is known already");
    return success();
}

Result<std::int64_t> put_intended(Connection& connection, const issuance::Intent& intent,
                                  std::optional<std::int64_t> resumed, std::int64_t certificate) {
    if (resumed) {
        SEALWRIGHT_TRY(connection.run(
            "UPDATE request SET state = 'intended', certificate = ?2, updated_at = ?3, proof = ?4 WHERE seq = ?1",
            *resumed, certificate, intent.now, intent.proof));
        return *resumed;
    }
    SEALWRIGHT_TRY(
        connection.run("INSERT INTO request (id, state, received_at, updated_at, principal, channel, peer, profile, "
                       "secret, certificate, proof) "
                       "VALUES (?1, 'intended', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                       intent.request, intent.received_at, intent.now, intent.principal, intent.channel, intent.peer,
                       intent.profile, intent.secret_id, certificate, intent.proof));
    return connection.last_insert_rowid();
}

Result<void> refuse(Connection& connection, const issuance::Refusal& refusal) {
    SEALWRIGHT_TRY(check_sizes(refusal));
    SEALWRIGHT_TRY(check_size("the reason", refusal.reason.size(), kMaxLongText));
    SEALWRIGHT_TRY(check_attestation_size(refusal.attestation));
    const std::string_view code = error_code_name(refusal.code);
    if (refusal.resumes_request) {
        SEALWRIGHT_TRY(const auto seq,
                       check_resumable(connection, refusal.request, RequestState::refused, refusal.from));
        SEALWRIGHT_TRY(connection.run(
            "UPDATE request SET state = 'refused', code = ?2, reason = ?3, updated_at = ?4 WHERE seq = ?1", seq, code,
            refusal.reason, refusal.now));
        return put_attestation(connection, seq, refusal.attestation);
    }
    SEALWRIGHT_TRY(check_unknown(connection, refusal.request));
    SEALWRIGHT_TRY(connection.run(
        "INSERT INTO request (id, state, received_at, updated_at, principal, channel, peer, profile, code, reason, "
        "proof) "
        "VALUES (?1, 'refused', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        refusal.request, refusal.received_at, refusal.now, refusal.principal, refusal.channel, refusal.peer,
        refusal.profile, code, refusal.reason, refusal.proof));
    return put_attestation(connection, connection.last_insert_rowid(), refusal.attestation);
}

Result<void> park(Connection& connection, const issuance::PendingRequest& pending) {
    SEALWRIGHT_TRY(check_sizes(pending));
    SEALWRIGHT_TRY(check_size("the resume token", pending.resume_token.size(), kMaxResumeToken));
    SEALWRIGHT_TRY(check_attestation_size(pending.attestation));
    if (!issuance::is_waiting(pending.state))
        return fail(ErrorCode::conflict,
                    "a request that is " + std::string{issuance::request_state_name(pending.state)} + " does not wait");
    const std::string_view state = issuance::request_state_name(pending.state);
    SEALWRIGHT_TRY(const auto known, find_request(connection, pending.request));
    if (known) {
        SEALWRIGHT_TRY(const auto seq, check_resumable(connection, pending.request, pending.state, pending.from));
        SEALWRIGHT_TRY(connection.run(
            "UPDATE request SET state = ?2, resume_token = ?3, proof = ?4, secret = ?5, updated_at = ?6 WHERE seq = ?1",
            seq, state, pending.resume_token, pending.proof, pending.secret_id, pending.now));
        return put_attestation(connection, seq, pending.attestation);
    }
    if (pending.secret_id) {
        // Who holds a secret may ask for one thing at a time: a secret is not used up while its request waits.
        SEALWRIGHT_TRY(auto waiting, connection.query("SELECT 1 FROM request WHERE state IN (" SEALWRIGHT_WAITING
                                                      ") AND secret = ?1 LIMIT 1",
                                                      *pending.secret_id));
        SEALWRIGHT_TRY(const bool found, waiting.step());
        if (found) return fail(ErrorCode::conflict, "another request with this secret waits already");
    }
    SEALWRIGHT_TRY(connection.run(
        "INSERT INTO request (id, state, received_at, updated_at, principal, channel, peer, profile, secret, "
        "resume_token, proof) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        pending.request, state, pending.received_at, pending.now, pending.principal, pending.channel, pending.peer,
        pending.profile, pending.secret_id, pending.resume_token, pending.proof));
    return put_attestation(connection, connection.last_insert_rowid(), pending.attestation);
}

Result<unsigned> approve(Connection& connection, const RequestId& request, std::string_view officer, UtcTime now) {
    SEALWRIGHT_TRY(check_size("the officer's name", officer.size(), kMaxShortText));
    SEALWRIGHT_TRY(const auto known, find_request(connection, request));
    if (!known) return fail(ErrorCode::not_found, "no such request");
    if (known->state != RequestState::awaiting_approval) {
        return fail(ErrorCode::conflict,
                    "the request awaits no approval; it is " + std::string{issuance::request_state_name(known->state)});
    }
    RequestRecord record;
    SEALWRIGHT_TRY(add_approvals(connection, known->seq, record));
    if (std::find(record.approvals.begin(), record.approvals.end(), officer) != record.approvals.end()) {
        return fail(ErrorCode::conflict, "this officer approved the request already");
    }
    SEALWRIGHT_TRY(
        connection.run("INSERT INTO approval (request, officer, at) VALUES (?1, ?2, ?3)", known->seq, officer, now));
    SEALWRIGHT_TRY(connection.run("UPDATE request SET updated_at = ?2 WHERE seq = ?1", known->seq, now));
    return static_cast<unsigned>(record.approvals.size() + 1);
}

Result<RequestRecord> read_request(Connection& connection, const RequestId& id) {
    SEALWRIGHT_TRY(auto query, connection.query(SEALWRIGHT_REQUEST_COLUMNS "WHERE r.id = ?1", id));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::not_found, "no such request");
    SEALWRIGHT_TRY(auto read, read_request_record(query));
    SEALWRIGHT_TRY(add_approvals(connection, read.first, read.second));
    return std::move(read.second);
}

Result<std::vector<RequestRecord>> read_requests(Connection& connection, std::optional<RequestState> state,
                                                 std::size_t limit) {
    std::optional<std::string> name;
    if (state) name = std::string{issuance::request_state_name(*state)};
    // Those that wait are few and have an index; the others are found from the newest backward.
    const char* sql = state && issuance::is_waiting(*state) ? SEALWRIGHT_REQUEST_COLUMNS
                          "WHERE r.state IN (" SEALWRIGHT_WAITING ") AND r.state = ?1 ORDER BY r.seq DESC LIMIT ?2"
                                                            : SEALWRIGHT_REQUEST_COLUMNS
                          "WHERE ?1 IS NULL OR ?1 = " SEALWRIGHT_EFFECTIVE_STATE " ORDER BY r.seq DESC LIMIT ?2";
    SEALWRIGHT_TRY(auto query, connection.query(sql, name, static_cast<std::int64_t>(std::min(limit, kMaxListed))));
    std::vector<RequestRecord> records;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return records;
        SEALWRIGHT_TRY(auto read, read_request_record(query));
        SEALWRIGHT_TRY(add_approvals(connection, read.first, read.second));
        records.push_back(std::move(read.second));
    }
}

}  // namespace sealwright::store::sqlite
