// house.hpp: an engine with everything it needs, in memory, for the tests of this room.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "issuance/engine.hpp"
#include "support/fake_store.hpp"
#include "support/recording_boundary.hpp"
#include "support/recording_log.hpp"
#include "support/seeded_random.hpp"
#include "support/test_ca.hpp"

namespace sealwright::issuance {

inline const UtcTime kNow = from_rfc3339("2026-11-22T12:00:00Z").value();

inline policy::LocalPrincipal local(std::uint32_t uid, std::string user, std::vector<std::string> roles) {
    return {.uid = uid, .pid = 1, .user = std::move(user), .roles = std::move(roles)};
}
inline const policy::Principal kOperator = local(1001, "olga", {"operator"});
inline const policy::Principal kOfficer = local(1002, "oscar", {"officer"});
inline const policy::Principal kSecondOfficer = local(1003, "ottilie", {"officer"});
inline const policy::Principal kAuditor = local(1004, "aude", {"auditor"});

inline NodeId node_id(std::uint8_t first) {
    std::array<std::uint8_t, NodeId::kSize> octets{};
    octets[0] = first;
    return NodeId{octets};
}

// The hierarchy is made once for all tests of the program; its signer's answers are not: each House has its own signer
// with these keys.
struct House {
    explicit House(BootEpoch epoch = BootEpoch{3}, std::string profile = test::profile_text("tls-server"))
        : node{node_id(7), epoch}, store(node_id(7)) {
        auto parsed = test::load_profile(profile);
        profiles[parsed->name] = parsed;
        test::take_boundaries();
        test::on_boundary({});
        rebuild();
    }

    void rebuild() {
        engine = std::make_unique<Engine>(
            ca.authority, profiles,
            EngineOptions{.node = node, .lease = std::chrono::seconds{30}, .signer_ready = signer_ready}, store,
            ca.signer, clock, random, log);
    }

    EnrollmentRequest request_for(const x509::CertificateRequest& csr, policy::Principal principal = kOperator) const {
        const auto channel = std::holds_alternative<policy::LocalPrincipal>(principal) ? policy::Channel::admin_socket
                                                                                       : policy::Channel::https;
        return {.principal = std::move(principal),
                .channel = channel,
                .peer = channel == policy::Channel::https ? "192.0.2.7" : "local",
                .profile = profiles.begin()->first,
                .requested = profile::requested_content(csr).value(),
                .proof = CsrProof{csr}};
    }
    x509::CertificateRequest csr(const test::RequestSpec& spec = {}) {
        return test::make_csr(device, device_key, spec);
    }
    EnrollmentRequest good_request(policy::Principal principal = kOperator) {
        return request_for(csr(), std::move(principal));
    }

    // make_secret puts a usable secret into the store and gives its principal.
    policy::SecretPrincipal make_secret(std::vector<std::string> names = {},
                                        std::chrono::seconds lifetime = std::chrono::hours{1}) {
        SecretRecord record;
        record.id = "00000000000000" + std::to_string(10 + secrets++);
        record.secret_hash = crypto::random_id<Sha256>(random);
        record.profile = profiles.begin()->first;
        record.names = std::move(names);
        record.created_at = clock.now();
        record.expires_at = clock.now() + lifetime;
        EXPECT_TRUE(store.create_secret(record, clock.now(), {}));
        return {record.id, record.profile, record.names};
    }

    // issued_now issues the good request; the test fails where that fails.
    Issued issued_now() {
        auto outcome = engine->issue(good_request());
        EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().describe());
        return std::get<Issued>(std::move(outcome).value());
    }

    CertificateRecord record_of(const SerialNumber& serial) { return store.certificate(serial).value(); }
    RequestRecord only_request() {
        const auto all = store.requests({}, 100).value();
        EXPECT_EQ(all.size(), 1U);
        return all.at(0);
    }
    CertificateRecord only_certificate() {
        const auto all = store.certificates({}).value();
        EXPECT_EQ(all.size(), 1U);
        return all.at(0);
    }

    ManualClock clock{kNow};
    test::SeededRandom random{42};
    test::RecordingLog log;
    test::TestCa ca{kNow};
    test::SoftwareSigner device;
    crypto::PublicKey device_key = device.add_key(crypto::KeyType::ec_p256);
    Node node;
    test::FakeStore store;
    Profiles profiles;
    std::function<bool()> signer_ready;
    std::unique_ptr<Engine> engine;
    int secrets = 0;
};

inline std::vector<std::string> kinds(const std::vector<audit::Event>& events) {
    std::vector<std::string> names;
    for (const auto& event : events) names.emplace_back(audit::event_kind_name(event.kind));
    return names;
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
    return result ? ErrorCode{} : result.error().code();
}

}  // namespace sealwright::issuance
