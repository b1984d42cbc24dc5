// site.cpp: the daemon as a whole: status, profiles, the CRL.
#include "protocols/admin/handlers.hpp"

namespace sealwright::protocols::admin {
namespace {

json::object crl_object(const issuance::CrlRecord& crl) {
    return {{"number", crl.number},
            {"this_update", time_value(crl.this_update)},
            {"next_update", time_value(crl.next_update)},
            {"entries", crl.entries}};
}

// serial_hex is the number's 32 digits: the zero octet that DER puts in front of a high bit is not of it. Another CA's
// serial number is shown as long as it is.
std::string serial_hex(ByteView content) {
    while (content.size() > SerialNumber::kSize && content.front() == 0) content = content.subspan(1);
    return to_hex(content);
}

json::object issuing_object(const issuance::Authority& authority) {
    const auto& fields = authority.certificate.fields();
    return {{"subject", x509::format_name(fields.subject)},
            {"serial", serial_hex(fields.serial)},
            {"not_after", time_value(fields.not_after)},
            {"key", authority.key.id().hex()}};
}

json::object profile_object(const profile::Profile& profile) {
    return {{"name", profile.name},
            {"version", profile.version},
            {"digest", profile.digest.hex()},
            {"description", profile.description}};
}

}  // namespace

Answer show_status(const Call& call) {
    const auto report = call.ports.status();
    json::array reasons;
    for (const auto& reason : report.reasons) reasons.emplace_back(reason);
    json::value counts = nullptr;
    if (report.counts) {
        counts = json::object{{"issued", report.counts->issued},
                              {"revoked", report.counts->revoked},
                              {"open_intents", report.counts->open_intents}};
    }
    return json_response(
        200, json::object{{"version", report.version},
                          {"node", report.node.id.hex()},
                          {"epoch", report.node.epoch.value()},
                          {"started_at", time_value(report.started_at)},
                          {"ready", report.ready},
                          {"reasons", std::move(reasons)},
                          {"issuing", issuing_object(call.ports.engine.authority())},
                          {"crl", report.crl ? json::value(crl_object(*report.crl)) : json::value(nullptr)},
                          {"audit", json::object{{"size", report.audit.size}, {"root", report.audit.root.hex()}}},
                          {"signer", json::object{{"connected", report.signer_connected}}},
                          {"store", json::object{{"healthy", report.store_healthy}}},
                          {"counts", std::move(counts)},
                          {"ocsp", json::object{{"asked", report.ocsp.asked},
                                                {"from_cache", report.ocsp.from_cache},
                                                {"signed_now", report.ocsp.signed_now},
                                                {"refused", report.ocsp.refused}}}});
}

Answer list_profiles(const Call& call) {
    json::array list;
    for (const auto& [name, profile] : call.ports.engine.profiles()) list.push_back(profile_object(*profile));
    return json_response(200, list);
}

Answer show_profile(const Call& call) {
    const auto& name = call.request.parameter("name");
    const auto& profiles = call.ports.engine.profiles();
    const auto found = profiles.find(name);
    if (found == profiles.end()) return fail(ErrorCode::not_found, "there is no profile of that name");
    auto object = profile_object(*found->second);
    const auto text = call.ports.profile_texts.find(name);
    object["toml"] = text == call.ports.profile_texts.end() ? std::string{} : text->second;
    return json_response(200, object);
}

Answer publish_crl(const Call& call) {
    SEALWRIGHT_TRY(Body::read(call.request, {}));
    SEALWRIGHT_TRY(call.ports.may_serve());
    SEALWRIGHT_TRY(const auto record, call.ports.publish_crl());
    call.ports.log.info("admin",
                        "CRL " + std::to_string(record.number) + " published for " + policy::describe(call.principal));
    return json_response(200, crl_object(record));
}

}  // namespace sealwright::protocols::admin
