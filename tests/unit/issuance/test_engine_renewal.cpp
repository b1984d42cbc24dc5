// Renewals: who holds a certificate of ours may have the next one, of the same identity.
#include "house.hpp"

#include "crypto/digest.hpp"
#include "issuance/authentication.hpp"

namespace sealwright::issuance {
namespace {

using test::Verb;
using ::testing::HasSubstr;

// Renewing is a house with one certificate of 90 days, late enough for its renewal.
struct Renewing : House {
    Renewing() {
        old = issued_now();
        clock.advance(std::chrono::days{70});
        principal = authenticate_certificate(store, ca.authority,
                                             x509::Certificate::parse(old->certificate.view()).value(), clock.now())
                        .value();
    }
    Result<IssueOutcome> renew(const test::RequestSpec& spec = {}) {
        return engine->issue(request_for(csr(spec), *principal));
    }
    std::optional<Issued> old;
    std::optional<policy::CertificatePrincipal> principal;
};

TEST(Renewal, KeepsTheIdentityAndNamesWhatItRenews) {
    Renewing house;
    const auto outcome = house.renew();
    ASSERT_TRUE(outcome) << outcome.error().describe();
    const auto& next = std::get<Issued>(outcome.value());
    EXPECT_EQ(house.record_of(next.serial).renews, house.old->serial);
    EXPECT_EQ(house.record_of(next.serial).principal, "cert:" + house.old->serial.hex());
    EXPECT_EQ(house.store.events(audit::EventKind::certificate_intended).back().fields.at("renews"),
              house.old->serial.hex());
}

TEST(Renewal, TakesNoOtherNameThatTheProfileWouldAllow) {
    Renewing house;
    const auto outcome = house.renew({.subject = "CN=b.example.org", .san = {"DNS:b.example.org"}, .more = {}});
    EXPECT_EQ(code_of(outcome), ErrorCode::denied);
}

TEST(Renewal, DropsNoName) {
    House house;
    auto two = house.engine->issue(house.request_for(
        house.csr({.subject = "CN=a.example.org", .san = {"DNS:a.example.org", "DNS:b.example.org"}, .more = {}})));
    const auto old = std::get<Issued>(std::move(two).value());
    house.clock.advance(std::chrono::days{70});
    const auto principal =
        authenticate_certificate(house.store, house.ca.authority,
                                 x509::Certificate::parse(old.certificate.view()).value(), house.clock.now())
            .value();
    const auto fewer = house.engine->issue(house.request_for(house.csr(), principal));
    EXPECT_EQ(code_of(fewer), ErrorCode::denied);
    EXPECT_THAT(fewer.error().public_detail(), HasSubstr("alternative names"));
    // The order of the names is no part of the identity.
    const auto turned = house.engine->issue(house.request_for(
        house.csr({.subject = "CN=a.example.org", .san = {"DNS:b.example.org", "DNS:a.example.org"}, .more = {}}),
        principal));
    EXPECT_TRUE(turned) << turned.error().describe();
}

TEST(Renewal, KeepsTheSubject) {
    Renewing house;
    // The profile allows an empty subject; the old certificate has one.
    const auto outcome = house.renew({.subject = "", .san = {"DNS:a.example.org"}, .more = {}});
    EXPECT_EQ(code_of(outcome), ErrorCode::denied);
    EXPECT_THAT(outcome.error().public_detail(), HasSubstr("subject"));
}

TEST(Renewal, ComesNotTooEarly) {
    House house;
    const auto old = house.issued_now();
    const auto principal =
        authenticate_certificate(house.store, house.ca.authority,
                                 x509::Certificate::parse(old.certificate.view()).value(), house.clock.now())
            .value();
    EXPECT_EQ(code_of(house.engine->issue(house.request_for(house.csr(), principal))), ErrorCode::denied);
}

TEST(Renewal, IsRefusedOnceTheOldOneIsRevoked) {
    Renewing house;
    ASSERT_TRUE(
        house.store.revoke(house.old->serial, {house.clock.now(), x509::RevocationReason::key_compromise, {}}, {}));
    EXPECT_EQ(code_of(house.renew()), ErrorCode::denied);
}

TEST(Renewal, IsRefusedOnceTheOldOneExpired) {
    Renewing house;
    house.clock.advance(std::chrono::days{30});
    EXPECT_EQ(code_of(house.renew()), ErrorCode::denied);
}

TEST(Renewal, IsRefusedWhereTheRecordIsAnotherCertificate) {
    Renewing house;
    const auto other = House{}.issued_now();
    house.store.plant_certificate(house.old->serial, other.certificate.bytes());
    EXPECT_EQ(code_of(house.renew()), ErrorCode::unauthenticated);
    house.store.plant_certificate(house.old->serial, Bytes{0x30, 0x00});
    EXPECT_EQ(code_of(house.renew()), ErrorCode::unauthenticated);
}

TEST(Renewal, IsRefusedWhereTheSerialIsUnknown) {
    Renewing house;
    house.principal->serial = SerialNumber{std::array<std::uint8_t, 16>{1}};
    EXPECT_EQ(code_of(house.renew()), ErrorCode::unauthenticated);
}

TEST(Renewal, AStoreThatCannotBeReadIsNoRefusal) {
    Renewing house;
    house.store.fail_next(Verb::certificate, fail(ErrorCode::storage, "unreadable"));
    const auto refusals = house.store.calls(Verb::refuse);
    EXPECT_EQ(code_of(house.renew()), ErrorCode::storage);
    EXPECT_EQ(house.store.calls(Verb::refuse), refusals);
}

// authenticate_certificate.

TEST(AuthenticateCertificate, TellsOursFromEveryOther) {
    House house;
    const auto issued = house.issued_now();
    const auto good = x509::Certificate::parse(issued.certificate.view()).value();
    const auto principal = authenticate_certificate(house.store, house.ca.authority, good, kNow);
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal.value().serial, issued.serial);
    EXPECT_EQ(principal.value().fingerprint, good.fingerprint());
    EXPECT_EQ(principal.value().profile, "tls-server");

    // Of another CA of the same name.
    House other;
    const auto foreign = x509::Certificate::parse(other.issued_now().certificate.view()).value();
    EXPECT_EQ(code_of(authenticate_certificate(house.store, house.ca.authority, foreign, kNow)),
              ErrorCode::unauthenticated);
    // Of ours, and not in the store.
    EXPECT_EQ(code_of(authenticate_certificate(house.store, house.ca.authority, house.ca.ocsp_certificate, kNow)),
              ErrorCode::unauthenticated);
    // The CA itself, and its root.
    EXPECT_EQ(code_of(authenticate_certificate(house.store, house.ca.authority, house.ca.authority.certificate, kNow)),
              ErrorCode::unauthenticated);
    EXPECT_EQ(code_of(authenticate_certificate(house.store, house.ca.authority, house.ca.root, kNow)),
              ErrorCode::unauthenticated);
}

TEST(AuthenticateCertificate, RefusesOneBitOff) {
    House house;
    const auto issued = house.issued_now();
    Bytes der = issued.certificate.bytes();
    der.back() ^= 1;
    const auto changed = x509::Certificate::parse(der);
    ASSERT_TRUE(changed);
    EXPECT_EQ(code_of(authenticate_certificate(house.store, house.ca.authority, changed.value(), kNow)),
              ErrorCode::unauthenticated);
}

TEST(AuthenticateCertificate, RefusesWhatTheStoreRemembersDifferently) {
    House house;
    const auto issued = house.issued_now();
    const auto certificate = x509::Certificate::parse(issued.certificate.view()).value();
    Bytes planted = issued.certificate.bytes();
    planted.back() ^= 1;
    house.store.plant_certificate(issued.serial, planted);
    EXPECT_EQ(code_of(authenticate_certificate(house.store, house.ca.authority, certificate, kNow)),
              ErrorCode::unauthenticated);
}

TEST(AuthenticateCertificate, MindsRevocationHoldAndTime) {
    House house;
    const auto issued = house.issued_now();
    const auto certificate = x509::Certificate::parse(issued.certificate.view()).value();
    const auto& fields = certificate.fields();
    const auto at = [&](UtcTime time) {
        return code_of(authenticate_certificate(house.store, house.ca.authority, certificate, time));
    };
    EXPECT_EQ(at(fields.not_before - std::chrono::seconds{1}), ErrorCode::expired);
    EXPECT_EQ(at(fields.not_before), ErrorCode{});
    EXPECT_EQ(at(fields.not_after), ErrorCode{});
    EXPECT_EQ(at(fields.not_after + std::chrono::seconds{1}), ErrorCode::expired);
    ASSERT_TRUE(house.store.revoke(issued.serial, {kNow, x509::RevocationReason::certificate_hold, {}}, {}));
    EXPECT_EQ(at(kNow), ErrorCode::denied);
    ASSERT_TRUE(house.store.release(issued.serial, kNow, {}));
    EXPECT_EQ(at(kNow), ErrorCode{});
}

TEST(AuthenticateCertificate, AStorageErrorIsNotAnAnswer) {
    House house;
    const auto issued = house.issued_now();
    house.store.fail_next(Verb::certificate, fail(ErrorCode::storage, "unreadable"));
    EXPECT_EQ(code_of(authenticate_certificate(house.store, house.ca.authority,
                                               x509::Certificate::parse(issued.certificate.view()).value(), kNow)),
              ErrorCode::storage);
}

// authenticate_secret.

struct Secrets : House {
    Secrets() : secret(issuance::make_secret(random)) {
        record.id = secret.id;
        record.secret_hash = secret.hash;
        record.profile = "tls-server";
        record.names = {"a.example.org"};
        record.created_at = kNow;
        record.expires_at = kNow + std::chrono::hours{1};
        EXPECT_TRUE(store.create_secret(record, kNow, {}));
    }
    std::string text() const { return std::string{text_of(secret.text.reveal())}; }
    ErrorCode code(std::string_view shown, UtcTime now = kNow) {
        return code_of(authenticate_secret(store, shown, now));
    }
    NewSecret secret;
    SecretRecord record;
};

TEST(AuthenticateSecret, KnowsItsText) {
    Secrets house;
    EXPECT_EQ(house.text().size(), 26U);
    EXPECT_EQ(house.text().substr(0, 4), "sw1_");
    const auto principal = authenticate_secret(house.store, house.text(), kNow).value();
    EXPECT_EQ(principal.secret_id, house.secret.id);
    EXPECT_EQ(principal.profile, "tls-server");
    EXPECT_EQ(principal.names, std::vector<std::string>{"a.example.org"});
}

TEST(AuthenticateSecret, RefusesEveryOtherText) {
    Secrets house;
    const std::string good = house.text();
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string wrong = good;
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(house.code(wrong), ErrorCode::unauthenticated) << i;
    }
    EXPECT_EQ(house.code(good + "A"), ErrorCode::unauthenticated);
    EXPECT_EQ(house.code(good.substr(0, 25)), ErrorCode::unauthenticated);
    EXPECT_EQ(house.code(""), ErrorCode::unauthenticated);
    EXPECT_EQ(house.code(" " + good.substr(1)), ErrorCode::unauthenticated);
}

TEST(AuthenticateSecret, SaysExpiredOnlyToItsHolder) {
    Secrets house;
    EXPECT_EQ(house.code(house.text(), kNow + std::chrono::hours{1} - std::chrono::seconds{1}), ErrorCode{});
    EXPECT_EQ(house.code(house.text(), kNow + std::chrono::hours{1}), ErrorCode::expired);
    ASSERT_TRUE(house.store.revoke_secret(house.secret.id, kNow, {}));
    EXPECT_EQ(house.code(house.text()), ErrorCode::denied);
}

TEST(AuthenticateSecret, AUsedSecretSpeaksForItsOwnRequestAlone) {
    Secrets house;
    const auto principal = authenticate_secret(house.store, house.text(), kNow).value();
    const auto issued = std::get<Issued>(house.engine->issue(house.good_request(principal)).value());
    EXPECT_EQ(house.code(house.text()), ErrorCode::conflict);
    EXPECT_TRUE(authenticate_secret_for(house.store, issued.request, house.text(), kNow));
    EXPECT_EQ(
        code_of(authenticate_secret_for(house.store, crypto::random_id<RequestId>(house.random), house.text(), kNow)),
        ErrorCode::conflict);
}

}  // namespace
}  // namespace sealwright::issuance
