// certificates.cpp: certificates: asked for, listed, shown, revoked, held, released.
#include "protocols/admin/handlers.hpp"

namespace sealwright::protocols::admin {
namespace {

constexpr std::size_t kMaxProfile = 256;
constexpr std::size_t kMaxPem = 2 * x509::kMaxCsrSize;

json::value revocation_value(const issuance::CertificateRecord& record) {
    if (!record.revocation) return nullptr;
    return json::object{{"at", time_value(record.revocation->at)},
                        {"reason", std::string{x509::reason_name(record.revocation->reason)}},
                        {"invalidity_date", time_or_null(record.revocation->invalidity_date)}};
}

json::object record_object(const issuance::CertificateRecord& record) {
    return {{"serial", record.serial.hex()},
            {"state", std::string{issuance::certificate_state_name(record.state)}},
            {"profile", record.profile},
            {"names", record.names},
            {"principal", record.principal},
            {"request", record.request.hex()},
            {"intent", record.intent.hex()},
            {"issuer_key", record.issuer_key.hex()},
            {"subject_key", record.subject_key.hex()},
            {"not_before", time_value(record.not_before)},
            {"not_after", time_value(record.not_after)},
            {"intended_at", time_value(record.intended_at)},
            {"issued_at", time_or_null(record.issued_at)},
            {"revocation", revocation_value(record)},
            {"level", record.level == attestation::Level::none
                          ? json::value(nullptr)
                          : json::value(std::string{attestation::level_name(record.level)})},
            {"renews", record.renews ? json::value(record.renews->hex()) : json::value(nullptr)}};
}

Result<SerialNumber> serial_of(const Call& call) {
    const auto serial = SerialNumber::from_hex_text(call.request.parameter("serial"));
    if (!serial) return fail(ErrorCode::malformed, "a serial number is 32 hexadecimal digits");
    return serial.value();
}

std::string chain_pem(const issuance::Authority& authority) {
    std::string pem;
    const std::size_t count = authority.chain.size() > 1 ? authority.chain.size() - 1 : authority.chain.size();
    for (std::size_t i = 0; i < count; ++i) pem += x509::encode_pem("CERTIFICATE", authority.chain[i].der().view());
    return pem;
}

Result<issuance::CertificateState> parse_certificate_state(std::string_view name) {
    using issuance::CertificateState;
    for (const auto state : {CertificateState::intended, CertificateState::issued, CertificateState::indeterminate,
                             CertificateState::abandoned}) {
        if (issuance::certificate_state_name(state) == name) return state;
    }
    return fail(ErrorCode::malformed, "state: must be intended, issued, indeterminate or abandoned");
}

Result<issuance::CertificateFilter> read_filter(const http_server::Target& target) {
    SEALWRIGHT_TRY(const auto query, QueryReader::read(target, {"state", "revoked", "name", "profile", "expires_before",
                                                                "limit", "after"}));
    issuance::CertificateFilter filter;
    if (const auto state = query.text("state")) {
        SEALWRIGHT_TRY(filter.state, parse_certificate_state(*state));
    }
    if (const auto revoked = query.text("revoked")) {
        if (*revoked != "true" && *revoked != "false")
            return fail(ErrorCode::malformed, "revoked: must be true or false");
        filter.revoked = *revoked == "true";
    }
    filter.name_contains = query.text("name").value_or("");
    filter.profile = query.text("profile").value_or("");
    if (const auto before = query.text("expires_before")) {
        const auto time = from_rfc3339(*before);
        if (!time) return time.error().in("expires_before");
        filter.expires_before = time.value();
    }
    SEALWRIGHT_TRY(filter.limit, page_size(query));
    if (const auto after = query.text("after")) {
        const auto serial = SerialNumber::from_hex_text(*after);
        if (!serial) return fail(ErrorCode::malformed, "after: must be a serial number of 32 hexadecimal digits");
        filter.after = serial.value();
    }
    return filter;
}

// What could not be read as a request for a certificate is recorded all the same: it was one.
Error refuse(const Call& call, std::string_view profile, const Error& why) {
    call.ports.engine.refuse_input(call.principal, policy::Channel::admin_socket, call.request.peer.address, profile,
                                   view_of(call.request.body), why);
    return why;
}

Answer change(const Call& call, const SerialNumber& serial, const Result<void>& done) {
    if (!done) return done.error();
    SEALWRIGHT_TRY(const auto record, call.ports.store.certificate(serial));
    return json_response(200, record_object(record));
}

}  // namespace

http_server::Response outcome_response(const Ports& ports, const issuance::IssueOutcome& outcome) {
    if (const auto* pending = std::get_if<issuance::Pending>(&outcome)) {
        return json_response(202, json::object{{"state", "awaiting_approval"},
                                               {"request", pending->request.hex()},
                                               {"approvals_needed", pending->approvals_needed}});
    }
    const auto& issued = std::get<issuance::Issued>(outcome);
    return json_response(201, json::object{{"state", "issued"},
                                           {"serial", issued.serial.hex()},
                                           {"request", issued.request.hex()},
                                           {"certificate", x509::encode_pem("CERTIFICATE", issued.certificate.view())},
                                           {"chain", chain_pem(ports.engine.authority())}});
}

Answer issue_certificate(const Call& call) {
    SEALWRIGHT_TRY(call.ports.may_serve());
    auto body = Body::read(call.request, {"profile", "csr"});
    if (!body) return refuse(call, "", body.error());
    auto profile = body.value().text("profile", kMaxProfile);
    if (!profile) return refuse(call, "", profile.error());
    auto pem = body.value().text("csr", kMaxPem);
    if (!pem) return refuse(call, profile.value(), pem.error());
    auto csr = x509::CertificateRequest::parse_any(view_of(pem.value()));
    if (!csr) return refuse(call, profile.value(), csr.error().in("csr"));
    auto requested = profile::requested_content(csr.value());
    if (!requested) return refuse(call, profile.value(), requested.error().in("csr"));

    SEALWRIGHT_TRY(const auto outcome, call.ports.engine.issue({.principal = call.principal,
                                                                .channel = policy::Channel::admin_socket,
                                                                .peer = call.request.peer.address,
                                                                .profile = profile.value(),
                                                                .requested = std::move(requested).value(),
                                                                .proof = issuance::CsrProof{std::move(csr).value()}}));
    return outcome_response(call.ports, outcome);
}

Answer list_certificates(const Call& call) {
    SEALWRIGHT_TRY(auto filter, read_filter(call.request.target));
    const auto page = filter.limit;
    ++filter.limit;  // one more than the page tells whether there is a next one
    SEALWRIGHT_TRY(const auto records, call.ports.store.certificates(filter));
    const auto shown = std::min<std::size_t>(records.size(), page);
    json::array list;
    std::size_t octets = 0;
    for (std::size_t i = 0; i < shown; ++i) {
        list.push_back(record_object(records[i]));
        octets += issuance::listed_octets(records[i]);
    }
    // Where the records got large the store has stopped, and nobody knows whether there are more: the next page says
    // so.
    const bool more = records.size() > page || octets >= issuance::kMaxListedOctets;
    return json_response(
        200, json::object{{"certificates", std::move(list)},
                          {"next", more ? json::value(records[shown - 1].serial.hex()) : json::value(nullptr)}});
}

Answer show_certificate(const Call& call) {
    SEALWRIGHT_TRY(const auto serial, serial_of(call));
    SEALWRIGHT_TRY(const auto record, call.ports.store.certificate(serial));
    auto object = record_object(record);
    object["certificate"] = record.certificate.empty()
                                ? json::value(nullptr)
                                : json::value(x509::encode_pem("CERTIFICATE", record.certificate));
    return json_response(200, object);
}

Answer revoke_certificate(const Call& call) {
    SEALWRIGHT_TRY(const auto serial, serial_of(call));
    SEALWRIGHT_TRY(const auto body, Body::read(call.request, {"reason", "invalidity_date"}));
    SEALWRIGHT_TRY(const auto name, body.text_if("reason", 64));
    SEALWRIGHT_TRY(const auto reason, x509::parse_reason_name(name.value_or("unspecified")));
    SEALWRIGHT_TRY(const auto invalidity_date, body.time_if("invalidity_date"));
    return change(call, serial, call.ports.revoker.revoke(serial, reason, call.principal, invalidity_date));
}

Answer hold_certificate(const Call& call) {
    SEALWRIGHT_TRY(const auto serial, serial_of(call));
    SEALWRIGHT_TRY(Body::read(call.request, {}));
    return change(call, serial, call.ports.revoker.hold(serial, call.principal));
}

Answer release_certificate(const Call& call) {
    SEALWRIGHT_TRY(const auto serial, serial_of(call));
    SEALWRIGHT_TRY(Body::read(call.request, {}));
    return change(call, serial, call.ports.revoker.release(serial, call.principal));
}

}  // namespace sealwright::protocols::admin
