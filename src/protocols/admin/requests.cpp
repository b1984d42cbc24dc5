// requests.cpp: enrolment requests: listed, shown, approved, denied, resumed.
#include "protocols/admin/handlers.hpp"

namespace sealwright::protocols::admin {
namespace {

constexpr std::size_t kMaxReason = 500;

json::object record_object(const issuance::RequestRecord& record) {
    json::array approvals;
    for (const auto& officer : record.approvals) approvals.emplace_back(officer);
    return {{"id", record.id.hex()},
            {"state", std::string{issuance::request_state_name(record.state)}},
            {"profile", record.profile},
            {"principal", record.principal},
            {"channel", record.channel},
            {"peer", record.peer},
            {"received_at", time_value(record.received_at)},
            {"updated_at", time_value(record.updated_at)},
            {"serial", record.serial ? json::value(record.serial->hex()) : json::value(nullptr)},
            {"code", record.code ? json::value(std::string{error_code_name(*record.code)}) : json::value(nullptr)},
            {"reason", text_or_null(record.reason)},
            {"secret", record.secret_id ? json::value(*record.secret_id) : json::value(nullptr)},
            {"approvals", std::move(approvals)}};
}

Result<RequestId> id_of(const Call& call) {
    const auto id = RequestId::from_hex_text(call.request.parameter("id"));
    if (!id) return fail(ErrorCode::malformed, "a request's identifier is 32 hexadecimal digits");
    return id.value();
}

// csr_pem shows a proof that is a CSR as PEM; what was refused because it was none is not shown as one.
json::value csr_pem(const Bytes& proof) {
    const auto csr = x509::CertificateRequest::parse(proof);
    return csr ? json::value(x509::encode_pem("CERTIFICATE REQUEST", proof)) : json::value(nullptr);
}

}  // namespace

Answer list_requests(const Call& call) {
    SEALWRIGHT_TRY(const auto query, QueryReader::read(call.request.target, {"state", "limit"}));
    std::optional<issuance::RequestState> state;
    if (const auto name = query.text("state")) {
        SEALWRIGHT_TRY(state, issuance::parse_request_state(*name));
    }
    SEALWRIGHT_TRY(const auto limit, page_size(query));
    SEALWRIGHT_TRY(const auto records, call.ports.store.requests(state, limit));
    json::array list;
    for (const auto& record : records) list.push_back(record_object(record));
    return json_response(200, json::object{{"requests", std::move(list)}});
}

Answer show_request(const Call& call) {
    SEALWRIGHT_TRY(const auto id, id_of(call));
    SEALWRIGHT_TRY(const auto record, call.ports.store.request(id));
    auto object = record_object(record);
    object["csr"] = csr_pem(record.proof);
    return json_response(200, object);
}

Answer approve_request(const Call& call) {
    SEALWRIGHT_TRY(const auto id, id_of(call));
    SEALWRIGHT_TRY(Body::read(call.request, {}));
    SEALWRIGHT_TRY(const unsigned given, call.ports.engine.approve(id, call.principal));
    SEALWRIGHT_TRY(const auto record, call.ports.store.request(id));
    const auto& profiles = call.ports.engine.profiles();
    const auto profile = profiles.find(record.profile);
    const unsigned wanted = profile == profiles.end() ? 0 : profile->second->who.approvals;
    return json_response(200, json::object{{"request", id.hex()},
                                           {"approvals", given},
                                           {"approvals_needed", wanted > given ? wanted - given : 0U}});
}

Answer deny_request(const Call& call) {
    SEALWRIGHT_TRY(const auto id, id_of(call));
    SEALWRIGHT_TRY(const auto body, Body::read(call.request, {"reason"}));
    SEALWRIGHT_TRY(auto reason, body.text("reason", kMaxReason));
    SEALWRIGHT_TRY(call.ports.engine.deny(id, call.principal, std::move(reason)));
    return json_response(
        200, json::object{{"request", id.hex()},
                          {"state", std::string{issuance::request_state_name(issuance::RequestState::refused)}}});
}

Answer resume_request(const Call& call) {
    SEALWRIGHT_TRY(const auto id, id_of(call));
    SEALWRIGHT_TRY(Body::read(call.request, {}));
    SEALWRIGHT_TRY(call.ports.may_serve());
    SEALWRIGHT_TRY(const auto outcome, call.ports.engine.resume(id, call.principal));
    auto response = outcome_response(call.ports, outcome);
    if (response.status == 201) response.status = 200;
    return response;
}

}  // namespace sealwright::protocols::admin
