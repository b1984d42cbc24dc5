// site.hpp: a CA in memory with its protocols mounted on routers, asked without a socket.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "crypto/digest.hpp"
#include "http_server/router.hpp"
#include "issuance/authentication.hpp"
#include "issuance/crl_publisher.hpp"
#include "protocols/admin/admin_protocol.hpp"
#include "protocols/crl/crl_protocol.hpp"
#include "protocols/native/native_protocol.hpp"
#include "protocols/ocsp/ocsp_protocol.hpp"
#include "support/fake_store.hpp"
#include "support/recording_log.hpp"
#include "support/seeded_random.hpp"
#include "support/test_ca.hpp"

namespace sealwright::protocols {

using http_server::Header;
using http_server::Request;
using http_server::Response;

inline const UtcTime kNow = from_rfc3339("2026-11-22T12:00:00Z").value();

// Who asks over the admin socket, by user number.
inline constexpr std::uint32_t kOperator = 1001, kOfficer = 1002, kSecondOfficer = 1003, kAuditor = 1004,
                               kNobody = 1005;

struct Question {
    std::string method = "GET";
    std::string target;
    std::string body{};
    std::string content_type{};
    std::vector<Header> headers{};
    std::uint32_t uid = kOperator;  // admin
    Bytes certificate{};            // native
};

// ask finds the route as the server would and calls its handler.
inline Response ask(const http_server::Router& router, const Question& question, bool admin = false) {
    Request request{.method = question.method, .target = http_server::parse_target(question.target).value()};
    request.headers = question.headers;
    if (!question.content_type.empty()) request.headers.push_back({"Content-Type", question.content_type});
    request.body = question.body;
    request.peer.address = admin ? "local" : "192.0.2.7:4711";
    if (admin) request.peer.credentials = http_server::PeerCredentials{.uid = question.uid, .gid = 0, .pid = 1};
    request.peer.certificate = question.certificate;
    auto match = router.match(question.method, request.target);
    if (match.route == nullptr) {
        ADD_FAILURE() << "no route for " << question.method << " " << question.target;
        return Response{.status = match.status};
    }
    request.parameters = std::move(match.parameters);
    return match.route->handler(request);
}

inline boost::json::object json_of(const Response& response) { return boost::json::parse(response.body).as_object(); }
inline std::string text_of_member(const Response& response, std::string_view member) {
    return std::string{json_of(response).at({member.data(), member.size()}).as_string()};
}

struct Site {
    explicit Site(std::string profile = test::profile_text("tls-server"),
                  std::shared_ptr<const attestation::TrustAnchors> anchors = {}) {
        auto parsed = test::load_profile(profile);
        profiles[parsed->name] = parsed;
        node.epoch = BootEpoch{3};
        engine = std::make_unique<issuance::Engine>(
            ca.authority, profiles,
            issuance::EngineOptions{
                .node = node, .lease = std::chrono::seconds{30}, .signer_ready = {}, .anchors = anchors},
            store, ca.signer, clock, random, log);
        publisher = std::make_unique<issuance::CrlPublisher>(ca.authority, issuance::CrlPolicy{}, node, store,
                                                             ca.signer, clock, random, log);
        revoker = std::make_unique<issuance::Revoker>(store, node, clock, log, [] {});
        devices = std::make_unique<issuance::DeviceRegister>(store, *revoker, node, clock, log);
        native = std::make_unique<native::NativeProtocol>(
            native::Ports{.engine = *engine,
                          .store = store,
                          .clock = clock,
                          .may_serve = [this]() -> Result<void> {
                              if (open) return success();
                              return fail(ErrorCode::unavailable, "not open yet");
                          },
                          .may_record = [this] { return may_record; },
                          .may_ask = [this](const std::string&) { return may_ask; }});
        native::add_routes(native_router, *native);
        admin_ports = std::make_unique<admin::Ports>(admin::Ports{
            .engine = *engine,
            .store = store,
            .revoker = *revoker,
            .devices = *devices,
            .events = issuance::EventMaker{node},
            .clock = clock,
            .random = random,
            .log = log,
            .identify = [](const http_server::PeerCredentials& credentials) { return identify(credentials); },
            .may_serve = [this]() -> Result<void> {
                if (open) return success();
                return fail(ErrorCode::unavailable, "not open yet");
            },
            .status = [this] { return report; },
            .publish_crl = [this] { return publisher->publish_now(); },
            .checkpoint = []() -> Result<admin::Checkpoint> {
                return admin::Checkpoint{.note = "note", .vkey = "vkey", .origin = "origin", .size = 7};
            },
            .profile_texts = {{parsed->name, profile}}});
        admin::add_routes(admin_router, *admin_ports);
    }

    static policy::LocalPrincipal identify(const http_server::PeerCredentials& credentials) {
        static const std::map<std::uint32_t, std::pair<std::string, std::vector<std::string>>> people{
            {kOperator, {"olga", {"operator"}}},
            {kOfficer, {"oscar", {"officer"}}},
            {kSecondOfficer, {"ottilie", {"officer"}}},
            {kAuditor, {"aude", {"auditor"}}},
            {kNobody, {"norbert", {"nothing"}}}};
        const auto& person = people.at(credentials.uid);
        return {.uid = credentials.uid, .pid = credentials.pid, .user = person.first, .roles = person.second};
    }

    Response ask_admin(Question question) {
        if (!question.body.empty() && question.content_type.empty()) question.content_type = "application/json";
        return ask(admin_router, question, true);
    }
    Response ask_native(const Question& question) { return ask(native_router, question); }

    x509::CertificateRequest csr(const test::RequestSpec& spec = {}) {
        return test::make_csr(device, device_key, spec);
    }
    std::string csr_pem(const test::RequestSpec& spec = {}) {
        return x509::encode_pem("CERTIFICATE REQUEST", csr(spec).der.view());
    }
    std::string issue_body(const std::string& pem) {
        return boost::json::serialize(boost::json::object{{"profile", profiles.begin()->first}, {"csr", pem}});
    }

    // make_secret gives the text of a usable secret.
    std::string make_secret(std::vector<std::string> names = {}) {
        const auto made = issuance::make_secret(random);
        issuance::SecretRecord record;
        record.id = made.id;
        record.secret_hash = made.hash;
        record.profile = profiles.begin()->first;
        record.names = std::move(names);
        record.created_at = clock.now();
        record.expires_at = clock.now() + std::chrono::hours{1};
        EXPECT_TRUE(store.create_secret(record, clock.now(), {}));
        return std::string{text_of(made.text.reveal())};
    }
    Question enrolment(const std::string& secret) {
        return {.method = "POST",
                .target = "/native/v1/certificates?profile=" + profiles.begin()->first,
                .body = std::string{text_of(csr().der.view())},
                .content_type = "application/pkcs10",
                .headers = {{"Authorization", "Bearer " + secret}}};
    }
    // issued gives the serial of a certificate issued over the admin socket.
    std::string issued() {
        const auto response =
            ask_admin({.method = "POST", .target = "/v1/certificates", .body = issue_body(csr_pem())});
        EXPECT_EQ(response.status, 201U) << response.body;
        return text_of_member(response, "serial");
    }

    ManualClock clock{kNow};
    test::SeededRandom random{42};
    test::RecordingLog log;
    test::TestCa ca{kNow};
    test::SoftwareSigner device;
    crypto::PublicKey device_key = device.add_key(crypto::KeyType::ec_p256);
    issuance::Node node;
    test::FakeStore store;
    issuance::Profiles profiles;
    bool open = true, may_record = true, may_ask = true;
    admin::StatusReport report;
    std::unique_ptr<issuance::Engine> engine;
    std::unique_ptr<issuance::CrlPublisher> publisher;
    std::unique_ptr<issuance::Revoker> revoker;
    std::unique_ptr<issuance::DeviceRegister> devices;
    std::unique_ptr<native::NativeProtocol> native;
    std::unique_ptr<admin::Ports> admin_ports;
    http_server::Router native_router, admin_router;
};

}  // namespace sealwright::protocols
