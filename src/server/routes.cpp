// Which listener serves what, and what the protocols get to know of the house.
#include "http_server/problem.hpp"
#include "protocols/admin/admin_protocol.hpp"
#include "protocols/crl/crl_protocol.hpp"
#include "protocols/ocsp/ocsp_protocol.hpp"
#include "server/parts.hpp"

namespace sealwright::server {

using http_server::Request;
using http_server::Response;
using http_server::Router;

Result<void> Daemon::Parts::may_serve() const {
    if (draining) return fail(ErrorCode::unavailable, "the daemon is stopping");
    if (!open) return fail(ErrorCode::unavailable, "the daemon is not open for issuance yet");
    return success();
}

// Everything that is refused has a record, and whoever has no credential could fill the disk with such records. So many
// a second are written; the rest is counted and logged.
bool Daemon::Parts::may_record() {
    if (refusals.take()) return true;
    metrics.count_unrecorded_refusal();
    return false;
}

void Daemon::Parts::status_changed() {
    ocsp->status_changed();
    if (crl_timer) crl_timer->changed();
}

std::shared_ptr<const Router> Daemon::Parts::https_routes() {
    native = std::make_unique<protocols::native::NativeProtocol>(
        protocols::native::Ports{.engine = *engine,
                                 .store = *store,
                                 .clock = clock,
                                 .may_serve = [this] { return may_serve(); },
                                 .may_record = [this] { return may_record(); },
                                 .may_ask = [this](const std::string& who) { return askers.take(who); }});
    auto router = std::make_shared<Router>();
    protocols::native::add_routes(*router, *native);
    return router;
}

std::shared_ptr<const Router> Daemon::Parts::http_routes() {
    auto router = std::make_shared<Router>();
    protocols::ocsp::add_routes(*router, {.answer = [this](ByteView request) { return ocsp->answer(request); },
                                          .clock = clock,
                                          .max_age = config.ocsp.max_age});
    protocols::crl::add_routes(*router, {.current = [this] { return publisher->current(); },
                                         .root_crl = [this] { return root_crl->current(); },
                                         .issuing_certificate = material.authority.certificate.der().bytes(),
                                         .root_certificate = material.authority.chain.back().der().bytes(),
                                         .clock = clock,
                                         .max_age = config.crl.max_age});
    router->add("GET", "/healthz", {},
                [](const Request&) { return http_server::response_of(200, "text/plain; charset=utf-8", "ok\n"); });
    router->add("GET", "/readyz", {}, [this](const Request&) {
        judge();
        const auto reasons = readiness.reasons();
        std::string body = reasons.empty() ? "ready\n" : "not ready\n";
        for (const auto& reason : reasons) body += reason + "\n";
        return http_server::response_of(reasons.empty() ? 200 : 503, "text/plain; charset=utf-8", std::move(body));
    });
    router->add("GET", "/metrics", {}, [this](const Request&) {
        return http_server::response_of(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text(gauges()));
    });
    return router;
}

std::shared_ptr<const Router> Daemon::Parts::admin_routes() {
    admin = std::make_unique<protocols::admin::Ports>(
        protocols::admin::Ports{.engine = *engine,
                                .store = *store,
                                .revoker = *revoker,
                                .devices = *devices,
                                .events = issuance::EventMaker{node},
                                .clock = clock,
                                .random = random,
                                .log = log,
                                .identify =
                                    [this](const http_server::PeerCredentials& credentials) {
                                        return material.identities.identify(credentials);
                                    },
                                .may_serve = [this] { return may_serve(); },
                                .status = [this] { return status(); },
                                .publish_crl =
                                    [this] {
                                        auto published = publisher->publish_now();
                                        judge();
                                        return published;
                                    },
                                .checkpoint = [this] { return checkpointer->checkpoint(); },
                                .profile_texts = material.profile_texts});
    auto router = std::make_shared<Router>();
    protocols::admin::add_routes(*router, *admin);
    return router;
}

}  // namespace sealwright::server
