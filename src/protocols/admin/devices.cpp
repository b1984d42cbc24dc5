// devices.cpp: approved endorsement keys and devices: listed, shown, imported, removed, revoked, retired; and the
// records of attestations.
#include "attestation/record.hpp"
#include "protocols/admin/handlers.hpp"

namespace sealwright::protocols::admin {
namespace {

constexpr std::size_t kMaxDeviceName = 256, kMaxNote = 256;

Result<KeyId> ek_of(const Call& call) {
    const auto ek = KeyId::from_hex_text(call.request.parameter("ek"));
    if (!ek) return fail(ErrorCode::malformed, "an endorsement key is named by 64 hexadecimal digits");
    return ek.value();
}

json::object ek_object(const issuance::EkEntry& entry) {
    return {{"ek", entry.ek.hex()},
            {"note", text_or_null(entry.note)},
            {"added_at", time_value(entry.added_at)},
            {"added_by", entry.added_by}};
}

json::object device_object(const issuance::DeviceRecord& record) {
    return {{"ek", record.about.ek.hex()},
            {"state", std::string{issuance::device_state_name(record.state)}},
            {"names", record.names},
            {"profile", record.profile},
            {"level", std::string{attestation::level_name(record.about.level)}},
            {"ek_template", text_or_null(record.about.ek_template)},
            {"manufacturer", text_or_null(record.about.manufacturer)},
            {"model", text_or_null(record.about.model)},
            {"firmware", text_or_null(record.about.firmware)},
            {"enrolled_at", time_value(record.enrolled_at)},
            {"last_seen_at", time_value(record.last_seen_at)},
            {"ended_at", time_or_null(record.ended_at)},
            {"request", record.last_request.hex()}};
}

struct Page {
    std::size_t limit = 0;
    std::optional<KeyId> after;
};

Result<Page> read_page(const QueryReader& query) {
    Page page;
    SEALWRIGHT_TRY(page.limit, page_size(query));
    if (const auto after = query.text("after")) {
        const auto ek = KeyId::from_hex_text(*after);
        if (!ek) return fail(ErrorCode::malformed, "after: must be 64 hexadecimal digits");
        page.after = ek.value();
    }
    return page;
}

Result<issuance::DeviceState> parse_device_state(std::string_view name) {
    using issuance::DeviceState;
    for (const auto state : {DeviceState::enrolled, DeviceState::revoked, DeviceState::retired}) {
        if (issuance::device_state_name(state) == name) return state;
    }
    return fail(ErrorCode::malformed, "state: must be enrolled, revoked or retired");
}

Answer end_device(const Call& call, issuance::DeviceState state, std::string_view default_reason) {
    SEALWRIGHT_TRY(const auto ek, ek_of(call));
    SEALWRIGHT_TRY(const auto body, Body::read(call.request, {"reason"}));
    SEALWRIGHT_TRY(const auto name, body.text_if("reason", 64));
    SEALWRIGHT_TRY(const auto reason, x509::parse_reason_name(name.value_or(std::string{default_reason})));
    SEALWRIGHT_TRY(const auto revoked, call.ports.devices.end(ek, state, reason, call.principal));
    return json_response(200, json::object{{"ek", ek.hex()},
                                           {"state", std::string{issuance::device_state_name(state)}},
                                           {"certificates_revoked", revoked}});
}

}  // namespace

Answer list_eks(const Call& call) {
    SEALWRIGHT_TRY(const auto query, QueryReader::read(call.request.target, {"limit", "after"}));
    SEALWRIGHT_TRY(const auto page, read_page(query));
    SEALWRIGHT_TRY(const auto entries, call.ports.store.eks(page.after, page.limit + 1));
    json::array list;
    for (std::size_t i = 0; i < std::min(entries.size(), page.limit); ++i) list.push_back(ek_object(entries[i]));
    const bool more = entries.size() > page.limit;
    return json_response(
        200, json::object{{"eks", std::move(list)},
                          {"next", more ? json::value(entries[page.limit - 1].ek.hex()) : json::value(nullptr)}});
}

Answer import_eks(const Call& call) {
    SEALWRIGHT_TRY(const auto body, Body::read(call.request, {"eks", "note"}));
    SEALWRIGHT_TRY(const auto texts, body.texts("eks", issuance::kMaxEksAtOnce, 2 * KeyId::kSize));
    SEALWRIGHT_TRY(const auto note, body.text_if("note", kMaxNote));
    std::vector<issuance::DeviceRegister::NewEk> eks;
    for (const auto& text : texts) {
        const auto ek = KeyId::from_hex_text(text);
        if (!ek) return fail(ErrorCode::malformed, "eks: each is 64 hexadecimal digits");
        eks.push_back({ek.value(), note.value_or("")});
    }
    if (eks.empty()) return fail(ErrorCode::malformed, "eks: is empty");
    SEALWRIGHT_TRY(const auto added, call.ports.devices.import_eks(eks, call.principal));
    return json_response(200, json::object{{"given", eks.size()}, {"added", added}});
}

Answer remove_ek(const Call& call) {
    SEALWRIGHT_TRY(const auto ek, ek_of(call));
    SEALWRIGHT_TRY(Body::read(call.request, {}));
    SEALWRIGHT_TRY(call.ports.devices.remove_ek(ek, call.principal));
    return json_response(200, json::object{{"ek", ek.hex()}});
}

Answer list_devices(const Call& call) {
    SEALWRIGHT_TRY(const auto query, QueryReader::read(call.request.target, {"state", "name", "limit", "after"}));
    SEALWRIGHT_TRY(const auto page, read_page(query));
    issuance::DeviceFilter filter;
    filter.name_contains = query.text("name").value_or("").substr(0, kMaxDeviceName);
    if (const auto state = query.text("state")) {
        SEALWRIGHT_TRY(filter.state, parse_device_state(*state));
    }
    filter.limit = page.limit + 1;
    filter.after = page.after;
    SEALWRIGHT_TRY(const auto records, call.ports.store.devices(filter));
    json::array list;
    for (std::size_t i = 0; i < std::min(records.size(), page.limit); ++i) list.push_back(device_object(records[i]));
    const bool more = records.size() > page.limit;
    return json_response(
        200, json::object{{"devices", std::move(list)},
                          {"next", more ? json::value(records[page.limit - 1].about.ek.hex()) : json::value(nullptr)}});
}

Answer show_device(const Call& call) {
    SEALWRIGHT_TRY(const auto ek, ek_of(call));
    SEALWRIGHT_TRY(const auto record, call.ports.store.device(ek, call.ports.clock.now()));
    auto object = device_object(record);
    json::array certificates;
    for (const auto& serial : record.certificates) certificates.emplace_back(serial.hex());
    object["certificates"] = std::move(certificates);
    return json_response(200, object);
}

Answer revoke_device(const Call& call) { return end_device(call, issuance::DeviceState::revoked, "unspecified"); }

Answer retire_device(const Call& call) {
    return end_device(call, issuance::DeviceState::retired, "cessationOfOperation");
}

Answer show_attestation(const Call& call) {
    const auto id = RequestId::from_hex_text(call.request.parameter("id"));
    if (!id) return fail(ErrorCode::malformed, "a request's identifier is 32 hexadecimal digits");
    SEALWRIGHT_TRY(const auto record, call.ports.store.attestation(id.value()));
    return json_response(200, json::object{{"request", id.value().hex()},
                                           {"record", x509::encode_pem(attestation::kRecordLabel, record)}});
}

}  // namespace sealwright::protocols::admin
