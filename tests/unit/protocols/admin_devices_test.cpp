// Endorsement keys and devices over the admin socket.
#include "site.hpp"

namespace sealwright::protocols::admin {
namespace {

using audit::EventKind;

std::string ek(char digit) { return std::string(64, digit); }
std::string list_of(const std::vector<std::string>& eks) {
    boost::json::array list;
    for (const auto& text : eks) list.emplace_back(text);
    return boost::json::serialize(boost::json::object{{"eks", list}, {"note", "rack 1"}});
}

struct Devices : Site {
    Response post(std::string target, std::string body = {}, std::uint32_t uid = kOfficer) {
        return ask_admin({.method = "POST", .target = std::move(target), .body = std::move(body), .uid = uid});
    }
    // enrol puts a device with a certificate into the store.
    KeyId enrol(std::uint8_t number, const std::string& names) {
        std::array<std::uint8_t, 32> octets{};
        octets[0] = number;
        issuance::Intent intent;
        intent.id = crypto::random_id<IntentId>(random);
        intent.request = crypto::random_id<RequestId>(random);
        intent.serial = crypto::random_serial(random);
        intent.issuer_key = ca.authority.key.id();
        intent.lease_until = kNow + std::chrono::seconds{60};
        intent.not_after = kNow + std::chrono::hours{1};
        intent.names = names;
        intent.device =
            issuance::AttestedDevice{KeyId{octets}, attestation::Level::ek_list, "L-1", "", "", "", Sha256{octets}};
        intent.attestation = {0x30, 0x00};
        intent.now = kNow;
        intent.node = node;
        EXPECT_TRUE(store.intend(intent, {}));
        EXPECT_TRUE(store.complete({intent.id, node, intent.serial, CertificateDer{Bytes{0x30, 0x00}}, kNow}, {}));
        last = intent;
        return intent.device->ek;
    }
    issuance::Intent last;
};

TEST(AdminDevices, AnOfficerKeepsTheListOfEndorsementKeys) {
    Devices site;
    const auto imported = site.post("/v1/eks", list_of({ek('a'), ek('b'), ek('a')}));
    ASSERT_EQ(imported.status, 200U) << imported.body;
    EXPECT_EQ(json_of(imported).at("added").to_number<int>(), 2);
    EXPECT_EQ(json_of(site.post("/v1/eks", list_of({ek('a')}))).at("added").to_number<int>(), 0);
    EXPECT_EQ(site.store.events(EventKind::ek_imported).size(), 2U);
    auto page = json_of(site.ask_admin({.target = "/v1/eks?limit=1", .uid = kAuditor}));
    EXPECT_EQ(page.at("eks").as_array().at(0).at("ek").as_string(), ek('a'));
    EXPECT_EQ(page.at("eks").as_array().at(0).at("note").as_string(), "rack 1");
    EXPECT_EQ(page.at("next").as_string(), ek('a'));
    page = json_of(site.ask_admin({.target = "/v1/eks?after=" + ek('a'), .uid = kAuditor}));
    EXPECT_EQ(page.at("eks").as_array().size(), 1U);
    EXPECT_TRUE(page.at("next").is_null());
    EXPECT_EQ(site.post("/v1/eks/" + ek('a') + "/remove").status, 200U);
    EXPECT_EQ(site.post("/v1/eks/" + ek('a') + "/remove").status, 404U);
    EXPECT_EQ(site.store.events(EventKind::ek_removed).size(), 1U);
}

TEST(AdminDevices, NobodyElseDoes) {
    Devices site;
    for (const auto uid : {kOperator, kAuditor, kNobody}) {
        EXPECT_EQ(site.post("/v1/eks", list_of({ek('a')}), uid).status, 403U);
        EXPECT_EQ(site.post("/v1/eks/" + ek('a') + "/remove", {}, uid).status, 403U);
        EXPECT_EQ(site.post("/v1/devices/" + ek('a') + "/revoke", {}, uid).status, 403U);
        EXPECT_EQ(site.post("/v1/devices/" + ek('a') + "/retire", {}, uid).status, 403U);
    }
    EXPECT_EQ(site.store.events(EventKind::access_denied).size(), 12U);
    EXPECT_TRUE(site.store.events(EventKind::ek_imported).empty());
}

TEST(AdminDevices, ReadsItsBodiesStrictly) {
    Devices site;
    EXPECT_EQ(site.post("/v1/eks", list_of({})).status, 400U);
    EXPECT_EQ(site.post("/v1/eks", list_of({"abc"})).status, 400U);
    EXPECT_EQ(site.post("/v1/eks", R"({"eks":["x"],"more":1})").status, 400U);
    EXPECT_EQ(site.post("/v1/eks", list_of(std::vector<std::string>(1001, ek('a')))).status, 413U);
    EXPECT_EQ(site.post("/v1/devices/xyz/revoke").status, 400U);
    EXPECT_EQ(site.ask_admin({.target = "/v1/devices?state=gone"}).status, 400U);
    EXPECT_EQ(site.ask_admin({.target = "/v1/requests/abc/attestation"}).status, 400U);
}

TEST(AdminDevices, RevokingADeviceRevokesItsCertificates) {
    Devices site;
    const auto one = site.enrol(1, "CN=one");
    site.enrol(2, "CN=two");
    EXPECT_EQ(json_of(site.ask_admin({.target = "/v1/devices"})).at("devices").as_array().size(), 2U);
    const auto shown = json_of(site.ask_admin({.target = "/v1/devices/" + one.hex()}));
    EXPECT_EQ(shown.at("level").as_string(), "ek-list");
    EXPECT_EQ(shown.at("certificates").as_array().size(), 1U);
    const auto revoked = site.post("/v1/devices/" + one.hex() + "/revoke", R"({"reason":"keyCompromise"})");
    ASSERT_EQ(revoked.status, 200U) << revoked.body;
    EXPECT_EQ(json_of(revoked).at("certificates_revoked").to_number<int>(), 1);
    EXPECT_EQ(site.post("/v1/devices/" + one.hex() + "/revoke").status, 409U);
    const auto list = json_of(site.ask_admin({.target = "/v1/devices?state=revoked&name=one"}));
    EXPECT_EQ(list.at("devices").as_array().size(), 1U);
    EXPECT_EQ(site.post("/v1/devices/" + ek('c') + "/retire").status, 404U);
}

TEST(AdminDevices, ShowsTheRecordOfAnAttestation) {
    Devices site;
    site.enrol(1, "CN=one");
    const auto shown = site.ask_admin({.target = "/v1/requests/" + site.last.request.hex() + "/attestation"});
    ASSERT_EQ(shown.status, 200U) << shown.body;
    EXPECT_EQ(x509::decode_pem("SEALWRIGHT ATTESTATION RECORD", text_of_member(shown, "record")).value(),
              site.last.attestation);
    EXPECT_EQ(site.ask_admin({.target = "/v1/requests/" + std::string(32, 'a') + "/attestation"}).status, 404U);
}

}  // namespace
}  // namespace sealwright::protocols::admin
