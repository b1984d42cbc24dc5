#include "protocols/admin/admin_protocol.hpp"

#include "http_server/problem.hpp"
#include "policy/decision.hpp"
#include "protocols/admin/handlers.hpp"

namespace sealwright::protocols::admin {
namespace {

using http_server::BodyRule;
using http_server::Request;
using http_server::Response;
using http_server::RouteOptions;
using policy::Action;

using Handler = Answer (*)(const Call&);

constexpr RouteOptions kAsks{};
constexpr RouteOptions kChanges{.body = BodyRule::optional, .max_body = 65536, .names_boundary = true};
// A request for a certificate carries a CSR, in PEM, in a JSON string.
constexpr RouteOptions kIssues{.body = BodyRule::required, .max_body = 131072, .names_boundary = true};

constexpr RouteOptions kLists{.body = BodyRule::required, .max_body = 131072, .names_boundary = true};

struct Route {
    std::string_view method, pattern;
    // Who may. Nothing where the use case behind it asks itself, with a record of its own.
    std::optional<Action> action;
    RouteOptions options;
    Handler handler;
};

const Route kRoutes[] = {
    {"GET", "/v1/status", Action::read, kAsks, show_status},
    {"GET", "/v1/profiles", Action::read, kAsks, list_profiles},
    {"GET", "/v1/profiles/{name}", Action::read, kAsks, show_profile},
    {"POST", "/v1/certificates", std::nullopt, kIssues, issue_certificate},
    {"GET", "/v1/certificates", Action::read, kAsks, list_certificates},
    {"GET", "/v1/certificates/{serial}", Action::read, kAsks, show_certificate},
    {"POST", "/v1/certificates/{serial}/revoke", std::nullopt, kChanges, revoke_certificate},
    {"POST", "/v1/certificates/{serial}/hold", std::nullopt, kChanges, hold_certificate},
    {"POST", "/v1/certificates/{serial}/release", std::nullopt, kChanges, release_certificate},
    {"GET", "/v1/requests", Action::read, kAsks, list_requests},
    {"GET", "/v1/requests/{id}", Action::read, kAsks, show_request},
    {"POST", "/v1/requests/{id}/approve", std::nullopt, kChanges, approve_request},
    {"POST", "/v1/requests/{id}/deny", std::nullopt, kChanges, deny_request},
    {"POST", "/v1/requests/{id}/resume", std::nullopt, kChanges, resume_request},
    {"GET", "/v1/requests/{id}/attestation", Action::read, kAsks, show_attestation},
    {"GET", "/v1/eks", Action::read, kAsks, list_eks},
    {"POST", "/v1/eks", std::nullopt, kLists, import_eks},
    {"POST", "/v1/eks/{ek}/remove", std::nullopt, kChanges, remove_ek},
    {"GET", "/v1/devices", Action::read, kAsks, list_devices},
    {"GET", "/v1/devices/{ek}", Action::read, kAsks, show_device},
    {"POST", "/v1/devices/{ek}/revoke", std::nullopt, kChanges, revoke_device},
    {"POST", "/v1/devices/{ek}/retire", std::nullopt, kChanges, retire_device},
    {"POST", "/v1/crl/publish", Action::publish, kChanges, publish_crl},
    {"POST", "/v1/secrets", Action::manage_secrets, kChanges, create_secret},
    {"GET", "/v1/secrets", Action::read, kAsks, list_secrets},
    {"POST", "/v1/secrets/{id}/revoke", Action::manage_secrets, kChanges, revoke_secret},
    {"GET", "/v1/audit/head", Action::read, kAsks, show_head},
    {"GET", "/v1/audit/entries", Action::read, kAsks, list_entries},
    {"GET", "/v1/audit/checkpoint", Action::read, kAsks, sign_checkpoint},
};

// check_access lets nobody past without a record of the refusal.
Result<void> check_access(const Call& call, Action action) {
    auto may = policy::check_role(call.principal, action);
    if (may) return success();
    const auto now = call.ports.clock.now();
    const std::string object = call.request.method + " " + call.request.target.path.substr(0, 256);
    call.ports.log.warning("admin",
                           policy::describe(call.principal) + " may not " + object + ": " + may.error().describe());
    issuance::Events record;
    record.push_back(call.ports.events.access_denied(call.principal, policy::action_name(action), object, now));
    if (auto recorded = call.ports.store.record(std::move(record), now); !recorded) {
        return fail(ErrorCode::storage, "the refusal could not be recorded", recorded.error().describe());
    }
    return may;
}

Answer answer(const Ports& ports, const Route& route, const Request& request) {
    // Only the kernel can say who asks; a connection without its word is none of ours.
    if (!request.peer.credentials)
        return fail(ErrorCode::unauthenticated, "the admin API is for the local socket only");
    const policy::Principal principal = ports.identify(*request.peer.credentials);
    const Call call{ports, request, principal};
    if (route.action) {
        SEALWRIGHT_TRY(check_access(call, *route.action));
    }
    return route.handler(call);
}

Response problem_for(const Ports& ports, const Request& request, const Error& error) {
    const unsigned status = http_status(error.code());
    const auto level = status >= 500 ? LogLevel::warning : LogLevel::info;
    ports.log.write(level, "admin", request.method + " " + request.target.path + ": " + error.describe());
    auto response = http_server::problem_of(status, error);
    if (status == 503) response.with("Retry-After", "2");
    return response;
}

}  // namespace

unsigned http_status(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::malformed:
            return 400;
        case ErrorCode::unauthenticated:
            return 401;
        case ErrorCode::denied:
        case ErrorCode::expired:
            return 403;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::already_exists:
        case ErrorCode::conflict:
            return 409;
        case ErrorCode::too_large:
            return 413;
        case ErrorCode::unsupported:
        case ErrorCode::invalid_signature:
        case ErrorCode::weak_key:
        case ErrorCode::lint:
            return 422;
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::storage:
        case ErrorCode::token:
        case ErrorCode::clock:
            return 503;
        case ErrorCode::timed_out:
            return 504;
        case ErrorCode::config:
        case ErrorCode::io:
        case ErrorCode::indeterminate:
        case ErrorCode::internal:
            return 500;
    }
    return 500;
}

void add_routes(http_server::Router& router, const Ports& ports) {
    for (const auto& route : kRoutes) {
        router.add(std::string{route.method}, route.pattern, route.options, [&ports, &route](const Request& request) {
            auto answered = answer(ports, route, request);
            return answered ? std::move(answered).value() : problem_for(ports, request, answered.error());
        });
    }
}

}  // namespace sealwright::protocols::admin
