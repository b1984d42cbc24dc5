#include "protocols/crl/crl_protocol.hpp"

#include "crypto/digest.hpp"
#include "http_server/conditional.hpp"
#include "http_server/problem.hpp"

namespace sealwright::protocols::crl {
namespace {

using http_server::Request;
using http_server::Response;

constexpr std::string_view kCrlType = "application/pkix-crl";
constexpr std::string_view kCertificateType = "application/pkix-cert";
constexpr std::chrono::seconds kCertificateAge{std::chrono::hours{24}};

Response der_response(std::string_view type, std::shared_ptr<const Bytes> der) {
    Response response;
    response.shared_body = std::move(der);
    return response.with("Content-Type", std::string{type});
}

Response issuing_crl(const Ports& ports, const Request& request) {
    const auto record = ports.current();
    // Not 404: the address is right, and the first CRL is on its way.
    if (!record)
        return http_server::problem(503, ErrorCode::unavailable, "no CRL was published yet").with("Retry-After", "5");
    const http_server::Freshness freshness{.etag = "crl-" + std::to_string(record->number),
                                           .last_modified = record->this_update,
                                           .expires = record->next_update,
                                           .max_age = ports.max_age,
                                           .by_date = false};
    const std::shared_ptr<const Bytes> der{record, &record->der};
    return http_server::with_freshness(der_response(kCrlType, der), freshness, request, ports.clock.now());
}

Response root_crl(const Ports& ports, const Request& request) {
    const auto crl = ports.root_crl ? ports.root_crl() : std::nullopt;
    if (!crl) return http_server::transport_problem(404, "the root's CRL is not published here");
    const http_server::Freshness freshness{.etag = crypto::sha256(*crl->der).hex().substr(0, 40),
                                           .last_modified = crl->this_update,
                                           .expires = crl->next_update,
                                           .max_age = ports.max_age,
                                           .by_date = false};
    return http_server::with_freshness(der_response(kCrlType, crl->der), freshness, request, ports.clock.now());
}

void serve_certificate(http_server::Router& router, std::string_view path, const Bytes& der, const Clock& clock) {
    if (der.empty()) return;
    const http_server::Freshness freshness{
        .etag = crypto::sha256(der).hex().substr(0, 40), .last_modified = clock.now(), .max_age = kCertificateAge};
    router.add(
        "GET", path, {}, [shared = std::make_shared<const Bytes>(der), freshness, &clock](const Request& request) {
            return http_server::with_freshness(der_response(kCertificateType, shared), freshness, request, clock.now());
        });
}

}  // namespace

void add_routes(http_server::Router& router, Ports ports) {
    serve_certificate(router, "/aia/issuing.cer", ports.issuing_certificate, ports.clock);
    serve_certificate(router, "/aia/root.cer", ports.root_certificate, ports.clock);
    router.add("GET", "/crl/issuing.crl", {}, [ports](const Request& request) { return issuing_crl(ports, request); });
    router.add("GET", "/crl/root.crl", {}, [ports](const Request& request) { return root_crl(ports, request); });
}

}  // namespace sealwright::protocols::crl
