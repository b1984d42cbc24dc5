// secrets.cpp: one-time enrolment secrets: made (and shown this once), listed without what they are, revoked.
#include "issuance/authentication.hpp"
#include "protocols/admin/handlers.hpp"

namespace sealwright::protocols::admin {
namespace {

constexpr std::size_t kMaxProfileName = 128;
constexpr std::size_t kMaxNames = 100, kMaxName = 253;
constexpr std::chrono::seconds kDefaultLifetime{std::chrono::hours{24}};
constexpr std::chrono::seconds kMaxLifetime{std::chrono::hours{24 * 90}};

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

json::object record_object(const issuance::SecretRecord& record) {
    json::array names;
    for (const auto& name : record.names) names.emplace_back(name);
    return {{"id", record.id},
            {"profile", record.profile},
            {"names", std::move(names)},
            {"created_at", time_value(record.created_at)},
            {"expires_at", time_value(record.expires_at)},
            {"created_by", record.created_by},
            {"used_at", time_or_null(record.used_at)},
            {"used_by", record.used_by ? json::value(record.used_by->hex()) : json::value(nullptr)},
            {"revoked_at", time_or_null(record.revoked_at)}};
}

Result<std::chrono::seconds> read_lifetime(const Body& body) {
    SEALWRIGHT_TRY(const auto text, body.text_if("lifetime", 32));
    if (!text) return kDefaultLifetime;
    const auto lifetime = parse_duration(*text);
    if (!lifetime) return lifetime.error().in("lifetime");
    if (lifetime.value() > kMaxLifetime) return fail(ErrorCode::denied, "lifetime: a secret lives 90 days at most");
    return lifetime.value();
}

// check_for_profile refuses a secret that could never be used.
Result<void> check_for_profile(const issuance::Profiles& profiles, const std::string& name,
                               const std::vector<std::string>& names) {
    const auto found = profiles.find(name);
    if (found == profiles.end()) return fail(ErrorCode::not_found, "there is no profile of that name");
    const auto& who = found->second->who;
    if (std::find(who.principals.begin(), who.principals.end(), "secret") == who.principals.end()) {
        return fail(ErrorCode::denied, "the profile " + name + " is not for holders of a secret");
    }
    if (who.bound_names && names.empty())
        return fail(ErrorCode::denied,
                    "names: the profile " + name + " wants the names that the holder may have certified");
    return success();
}

}  // namespace

Answer create_secret(const Call& call) {
    SEALWRIGHT_TRY(const auto body, Body::read(call.request, {"profile", "names", "lifetime"}));
    SEALWRIGHT_TRY(auto profile, body.text("profile", kMaxProfileName));
    SEALWRIGHT_TRY(auto names, body.texts("names", kMaxNames, kMaxName));
    SEALWRIGHT_TRY(const auto lifetime, read_lifetime(body));
    SEALWRIGHT_TRY(check_for_profile(call.ports.engine.profiles(), profile, names));

    const auto made = issuance::make_secret(call.ports.random);
    const auto now = call.ports.clock.now();
    issuance::SecretRecord record{.id = made.id,
                                  .secret_hash = made.hash,
                                  .profile = std::move(profile),
                                  .names = std::move(names),
                                  .created_at = now,
                                  .expires_at = now + lifetime,
                                  .created_by = policy::describe(call.principal),
                                  .used_at = {},
                                  .revoked_at = {},
                                  .used_by = {}};
    issuance::Events events;
    events.push_back(call.ports.events.make(audit::EventKind::secret_created, now, record.created_by,
                                            {{"secret", record.id},
                                             {"profile", record.profile},
                                             {"names", joined(record.names)},
                                             {"expires_at", to_rfc3339(record.expires_at)}}));
    const std::string expires_at = to_rfc3339(record.expires_at);
    SEALWRIGHT_TRY(call.ports.store.create_secret(std::move(record), now, std::move(events)));
    return json_response(
        201, json::object{
                 {"id", made.id}, {"secret", std::string{text_of(made.text.reveal())}}, {"expires_at", expires_at}});
}

Answer list_secrets(const Call& call) {
    SEALWRIGHT_TRY(const auto records, call.ports.store.secrets());
    json::array list;
    for (const auto& record : records) list.push_back(record_object(record));
    return json_response(200, json::object{{"secrets", std::move(list)}});
}

Answer revoke_secret(const Call& call) {
    SEALWRIGHT_TRY(Body::read(call.request, {}));
    const auto& id = call.request.parameter("id");
    if (id.size() != 16 || !from_hex(id))
        return fail(ErrorCode::malformed, "a secret's identifier is 16 hexadecimal digits");
    const auto now = call.ports.clock.now();
    issuance::Events events;
    events.push_back(call.ports.events.make(audit::EventKind::secret_revoked, now, policy::describe(call.principal),
                                            {{"secret", id}}));
    SEALWRIGHT_TRY(call.ports.store.revoke_secret(id, now, std::move(events)));
    return json_response(200, json::object{{"id", id}, {"revoked_at", time_value(now)}});
}

}  // namespace sealwright::protocols::admin
