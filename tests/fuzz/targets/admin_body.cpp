// The admin API: the first octet chooses the route, the rest is the body. JSON that is accepted is written and read
// again; nothing but an answer comes of anything else.
#include <boost/json/serialize.hpp>

#include "http_server/json_body.hpp"
#include "protocols/admin/admin_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/targets/fuzz_site.hpp"

using namespace sealwright;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView body{data + 1, size - 1};
    if (const auto value = http_server::parse_json(text_of(body))) {
        const auto again = http_server::parse_json(boost::json::serialize(value.value()));
        require(again && again.value() == value.value(), "JSON is read as it is written");
    }
    fuzz::FuzzSite site;
    issuance::DeviceRegister devices{site.store, site.revoker, site.node, site.clock, site.log};
    const protocols::admin::Ports ports{
        .engine = site.engine,
        .store = site.store,
        .revoker = site.revoker,
        .devices = devices,
        .events = issuance::EventMaker{site.node},
        .clock = site.clock,
        .random = site.random,
        .log = site.log,
        .identify =
            [](const http_server::PeerCredentials& who) {
                return policy::LocalPrincipal{.uid = who.uid, .pid = 1, .user = "root", .roles = {}};
            },
        .may_serve = []() -> Result<void> { return success(); },
        .status = [] { return protocols::admin::StatusReport{}; },
        .publish_crl = []() -> Result<issuance::CrlRecord> { return issuance::CrlRecord{}; },
        .checkpoint = []() -> Result<protocols::admin::Checkpoint> { return protocols::admin::Checkpoint{}; },
        .profile_texts = {}};
    http_server::Router router;
    protocols::admin::add_routes(router, ports);
    const std::string id(32, 'a');
    const std::array<std::pair<std::string_view, std::string>, 10> routes{
        {{"POST", "/v1/certificates"},
         {"POST", "/v1/certificates/" + id + "/revoke"},
         {"POST", "/v1/certificates/" + id + "/hold"},
         {"POST", "/v1/certificates/" + id + "/release"},
         {"POST", "/v1/requests/" + id + "/approve"},
         {"POST", "/v1/requests/" + id + "/deny"},
         {"POST", "/v1/requests/" + id + "/resume"},
         {"POST", "/v1/crl/publish"},
         {"POST", "/v1/secrets"},
         {"POST", "/v1/secrets/0123456789abcdef/revoke"}}};
    const auto& [method, path] = routes[data[0] % routes.size()];
    http_server::Request request{.method = std::string{method}, .target = http_server::parse_target(path).value()};
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = text_of(body);
    request.peer = {.address = "local", .credentials = http_server::PeerCredentials{.uid = 0, .gid = 0, .pid = 1}};
    auto match = router.match(request.method, request.target);
    require(match.route != nullptr, "the route is there");
    request.parameters = std::move(match.parameters);
    const auto response = match.route->handler(request);
    require((response.status >= 200 && response.status < 300) || (response.status >= 400 && response.status < 600),
            "every request has its answer");
    require(response.status < 300 || *response.header("Content-Type") == "application/problem+json",
            "a refusal is a problem document");
    require(http_server::parse_json(response.body).has_value(), "an answer is JSON");
    return 0;
}
