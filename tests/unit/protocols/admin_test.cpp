#include "http_server/json_body.hpp"
#include "site.hpp"

namespace sealwright::protocols::admin {
namespace {

using audit::EventKind;
using ::testing::HasSubstr;

Question post(std::string target, std::string body, std::uint32_t uid = kOperator) {
    return {.method = "POST", .target = std::move(target), .body = std::move(body), .uid = uid};
}
Question get(std::string target, std::uint32_t uid = kAuditor) { return {.target = std::move(target), .uid = uid}; }

TEST(Admin, IssuesForAnOperator) {
    Site site;
    const auto response = site.ask_admin(post("/v1/certificates", site.issue_body(site.csr_pem())));
    ASSERT_EQ(response.status, 201U) << response.body;
    const auto answer = json_of(response);
    EXPECT_EQ(answer.at("state").as_string(), "issued");
    const auto leaf = x509::Certificate::parse_pem(text_of_member(response, "certificate")).value().front();
    EXPECT_EQ(leaf.fields().spki, site.device_key.spki());
    const auto chain = x509::Certificate::parse_pem(text_of_member(response, "chain")).value();
    EXPECT_EQ(chain.front().der(), site.ca.authority.certificate.der());
    EXPECT_EQ(SerialNumber::from_hex_text(text_of_member(response, "serial")).value().hex().size(), 32U);
}

TEST(Admin, RecordsWhatIsRefusedToAnOperatorWithoutTheRole) {
    Site site;
    const auto response = site.ask_admin(post("/v1/certificates", site.issue_body(site.csr_pem()), kAuditor));
    EXPECT_EQ(response.status, 403U);
    EXPECT_EQ(site.store.events(EventKind::request_refused).size(), 1U);
}

TEST(Admin, RecordsARequestThatCannotBeRead) {
    Site site;
    const std::vector<std::pair<std::string, unsigned>> bodies{
        {"{", 400U},
        {"[]", 400U},
        {"{}", 400U},
        {R"({"profile":"tls-server"})", 400U},
        {R"({"profile":1,"csr":"x"})", 400U},
        {R"({"profile":"tls-server","csr":"nothing"})", 400U},
        {R"({"profile":"tls-server","csr":"x","more":1})", 400U},
        {R"({"profile":"tls-server","profile":"tls-server","csr":"x"})", 400U},
        {R"({"profile":")" + std::string(300, 'a') + R"(","csr":"x"})", 413U},
    };
    for (const auto& [body, status] : bodies)
        EXPECT_EQ(site.ask_admin(post("/v1/certificates", body)).status, status) << body;
    EXPECT_EQ(site.store.events(EventKind::input_refused).size(), bodies.size());
    auto wrong_type = post("/v1/certificates", site.issue_body(site.csr_pem()));
    wrong_type.content_type = "text/plain";
    EXPECT_EQ(site.ask_admin(wrong_type).status, 422U);
}

TEST(Admin, RefusesEveryRouteToSomebodyWithoutARoleAndRecordsIt) {
    Site site;
    const auto serial = site.issued();
    const auto before = site.store.events().size();
    const std::vector<Question> questions{
        get("/v1/status", kNobody),
        get("/v1/profiles", kNobody),
        get("/v1/profiles/tls-server", kNobody),
        get("/v1/certificates", kNobody),
        get("/v1/certificates/" + serial, kNobody),
        get("/v1/requests", kNobody),
        get("/v1/requests/" + std::string(32, '0'), kNobody),
        get("/v1/secrets", kNobody),
        get("/v1/audit/head", kNobody),
        get("/v1/audit/entries", kNobody),
        get("/v1/audit/checkpoint", kNobody),
        post("/v1/certificates/" + serial + "/revoke", R"({"reason":"superseded"})", kNobody),
        post("/v1/certificates/" + serial + "/hold", "{}", kNobody),
        post("/v1/certificates/" + serial + "/release", "{}", kNobody),
        post("/v1/crl/publish", "{}", kNobody),
        post("/v1/secrets", R"({"profile":"tls-server"})", kNobody),
        post("/v1/secrets/0123456789abcdef/revoke", "{}", kNobody),
        // Roles that may other things:
        post("/v1/certificates/" + serial + "/revoke", R"({"reason":"superseded"})", kOperator),
        post("/v1/crl/publish", "{}", kOfficer),
        post("/v1/secrets", R"({"profile":"tls-server"})", kAuditor),
    };
    for (const auto& question : questions) {
        const auto response = site.ask_admin(question);
        EXPECT_EQ(response.status, 403U) << question.target << ": " << response.body;
        EXPECT_EQ(text_of_member(response, "code"), "denied");
    }
    EXPECT_EQ(site.store.events(EventKind::access_denied).size(), questions.size());
    EXPECT_EQ(site.store.events().size(), before + questions.size()) << "and nothing else has happened";
}

TEST(Admin, AnswersNobodyWhoseProcessIsUnknown) {
    Site site;
    EXPECT_EQ(ask(site.admin_router, get("/v1/status"), false).status, 401U);
}

TEST(Admin, DoesNotTellWhatItCannotRecord) {
    Site site;
    site.store.fail_next(test::Verb::record, fail(ErrorCode::storage, "full"));
    EXPECT_EQ(site.ask_admin(get("/v1/status", kNobody)).status, 503U);
}

TEST(Admin, RevokesHoldsAndReleases) {
    Site site;
    const auto serial = site.issued();
    const std::string base = "/v1/certificates/" + serial;
    auto held = site.ask_admin(post(base + "/hold", "{}", kOfficer));
    ASSERT_EQ(held.status, 200U) << held.body;
    EXPECT_EQ(json_of(held).at("revocation").as_object().at("reason").as_string(), "certificateHold");
    auto released = site.ask_admin(post(base + "/release", "", kOfficer));
    ASSERT_EQ(released.status, 200U) << released.body;
    EXPECT_TRUE(json_of(released).at("revocation").is_null());
    auto revoked = site.ask_admin(
        post(base + "/revoke", R"({"reason":"keyCompromise","invalidity_date":"2026-11-22T11:00:00Z"})", kOfficer));
    ASSERT_EQ(revoked.status, 200U) << revoked.body;
    EXPECT_EQ(json_of(revoked).at("revocation").as_object().at("reason").as_string(), "keyCompromise");
    EXPECT_EQ(json_of(revoked).at("revocation").as_object().at("invalidity_date").as_string(), "2026-11-22T11:00:00Z");
    EXPECT_EQ(site.ask_admin(post(base + "/revoke", R"({"reason":"superseded"})", kOfficer)).status, 409U);
    EXPECT_EQ(site.ask_admin(post(base + "/release", "{}", kOfficer)).status, 409U);
    EXPECT_EQ(site.store.events(EventKind::certificate_revoked).size(), 1U);
}

TEST(Admin, RefusesARevocationThatCannotBeMeant) {
    Site site;
    const std::string base = "/v1/certificates/" + site.issued();
    const std::vector<std::pair<std::string, unsigned>> bodies{
        {R"({"reason":"because"})", 400U},
        {R"({"reason":7})", 400U},
        {R"({"reason":"superseded","force":true})", 400U},
        {R"({"reason":"superseded","invalidity_date":"yesterday"})", 400U},
        {R"({"reason":"superseded","invalidity_date":"2030-01-01T00:00:00Z"})", 403U},
        {R"({"reason":"certificateHold"})", 403U},
        {R"({"reason":"removeFromCRL"})", 403U}};
    for (const auto& [body, status] : bodies)
        EXPECT_EQ(site.ask_admin(post(base + "/revoke", body, kOfficer)).status, status) << body;
    EXPECT_EQ(site.ask_admin(post("/v1/certificates/12/revoke", "{}", kOfficer)).status, 400U);
    EXPECT_EQ(site.ask_admin(post("/v1/certificates/" + std::string(32, 'f') + "/revoke", "{}", kOfficer)).status,
              404U);
    EXPECT_TRUE(site.store.events(EventKind::certificate_revoked).empty());
}

TEST(Admin, ListsCertificatesPageByPage) {
    Site site;
    std::vector<std::string> serials;
    for (int i = 0; i < 5; ++i) serials.push_back(site.issued());
    std::vector<std::string> seen;
    std::string after;
    for (int pages = 0; pages < 10; ++pages) {
        const auto response = site.ask_admin(get("/v1/certificates?limit=2" + after));
        ASSERT_EQ(response.status, 200U);
        const auto page = json_of(response);
        for (const auto& entry : page.at("certificates").as_array())
            seen.emplace_back(entry.as_object().at("serial").as_string());
        if (page.at("next").is_null()) break;
        after = "&after=" + std::string{page.at("next").as_string()};
    }
    EXPECT_EQ(seen, serials);
}

// What the store leaves out of a page of large records comes with the next one; the last page says that it is the last.
TEST(Admin, SaysThatThereMayBeMoreWhereRecordsAreLarge) {
    Site site;
    constexpr std::uint64_t kCount = 100;
    for (std::uint64_t number = 1; number <= kCount; ++number) {
        issuance::Intent intent;
        std::array<std::uint8_t, 16> octets{};
        octets[15] = static_cast<std::uint8_t>(number);
        intent.id = IntentId{octets};
        intent.request = RequestId{octets};
        intent.serial = SerialNumber{octets};
        intent.now = site.clock.now();
        intent.names = std::string(65000, 'n');
        ASSERT_TRUE(site.store.intend(intent, {}));
    }
    std::vector<std::size_t> pages;
    std::string after;
    std::set<std::string> seen;
    for (bool last = false; !last;) {
        const auto response = site.ask_admin(get("/v1/certificates?limit=1000" + after));
        ASSERT_EQ(response.status, 200U);
        const auto page = json_of(response);
        for (const auto& entry : page.at("certificates").as_array())
            seen.emplace(entry.as_object().at("serial").as_string());
        pages.push_back(page.at("certificates").as_array().size());
        last = page.at("next").is_null();
        if (!last) after = "&after=" + std::string{page.at("next").as_string()};
    }
    EXPECT_EQ(pages, (std::vector<std::size_t>{65, 35}));
    EXPECT_EQ(seen.size(), kCount);
}

TEST(Admin, FiltersCertificates) {
    Site site;
    const auto revoked = site.issued(), good = site.issued();
    ASSERT_EQ(
        site.ask_admin(post("/v1/certificates/" + revoked + "/revoke", R"({"reason":"superseded"})", kOfficer)).status,
        200U);
    const auto only =
        json_of(site.ask_admin(get("/v1/certificates?revoked=true&state=issued&profile=tls-server&name=a.example")))
            .at("certificates")
            .as_array();
    ASSERT_EQ(only.size(), 1U);
    EXPECT_EQ(only[0].as_object().at("serial").as_string(), revoked);
    EXPECT_EQ(json_of(site.ask_admin(get("/v1/certificates?expires_before=2026-11-23T00:00:00Z")))
                  .at("certificates")
                  .as_array()
                  .size(),
              0U);
    for (const char* bad : {"state=gone", "revoked=maybe", "limit=-1", "limit=1001", "limit=x", "after=12",
                            "expires_before=soon", "colour=red", "limit=1&limit=2"}) {
        EXPECT_EQ(site.ask_admin(get(std::string{"/v1/certificates?"} + bad)).status, 400U) << bad;
    }
}

TEST(Admin, ShowsOneCertificateWithItsPem) {
    Site site;
    const auto serial = site.issued();
    const auto shown = site.ask_admin(get("/v1/certificates/" + serial));
    ASSERT_EQ(shown.status, 200U);
    EXPECT_TRUE(x509::Certificate::parse_pem(text_of_member(shown, "certificate")));
    EXPECT_EQ(site.ask_admin(get("/v1/certificates/" + std::string(32, '1'))).status, 404U);
}

std::string profile_with_approvals() {
    auto text = test::profile_text("tls-server");
    return text.insert(text.find("principals = "), "approvals = 2\n");
}

TEST(Admin, CollectsApprovalsAndThenIssuesOnResuming) {
    Site site{profile_with_approvals()};
    const auto parked = site.ask_admin(post("/v1/certificates", site.issue_body(site.csr_pem())));
    ASSERT_EQ(parked.status, 202U) << parked.body;
    EXPECT_EQ(json_of(parked).at("approvals_needed").as_int64(), 2);
    const std::string base = "/v1/requests/" + text_of_member(parked, "request");
    EXPECT_EQ(text_of_member(site.ask_admin(get(base)), "state"), "awaiting_approval");
    EXPECT_THAT(text_of_member(site.ask_admin(get(base)), "csr"), HasSubstr("BEGIN CERTIFICATE REQUEST"));
    EXPECT_EQ(json_of(site.ask_admin(get("/v1/requests?state=awaiting_approval"))).at("requests").as_array().size(),
              1U);

    EXPECT_EQ(json_of(site.ask_admin(post(base + "/approve", "{}", kOfficer))).at("approvals_needed").as_int64(), 1);
    EXPECT_EQ(site.ask_admin(post(base + "/approve", "{}", kOfficer)).status, 409U);
    EXPECT_EQ(site.ask_admin(post(base + "/approve", "{}", kAuditor)).status, 403U);
    EXPECT_EQ(site.ask_admin(post(base + "/resume", "{}")).status, 202U);
    EXPECT_EQ(json_of(site.ask_admin(post(base + "/approve", "{}", kSecondOfficer))).at("approvals_needed").as_int64(),
              0);
    const auto issued = site.ask_admin(post(base + "/resume", "{}"));
    EXPECT_EQ(issued.status, 200U) << issued.body;
    EXPECT_EQ(text_of_member(issued, "state"), "issued");
}

TEST(Admin, LetsAnOfficerDenyWithAReason) {
    Site site{profile_with_approvals()};
    const auto parked = site.ask_admin(post("/v1/certificates", site.issue_body(site.csr_pem())));
    const std::string base = "/v1/requests/" + text_of_member(parked, "request");
    EXPECT_EQ(site.ask_admin(post(base + "/deny", "{}", kOfficer)).status, 400U) << "without a reason";
    EXPECT_EQ(site.ask_admin(post(base + "/deny", R"({"reason":"not ordered"})", kOperator)).status, 403U);
    ASSERT_EQ(site.ask_admin(post(base + "/deny", R"({"reason":"not ordered"})", kOfficer)).status, 200U);
    EXPECT_EQ(text_of_member(site.ask_admin(get(base)), "state"), "refused");
    EXPECT_EQ(site.store.events(EventKind::request_denied).size(), 1U);
}

TEST(Admin, MakesASecretAndShowsItThisOnce) {
    Site site;
    const auto made =
        site.ask_admin(post("/v1/secrets", R"({"profile":"tls-server","names":["a.example.org"],"lifetime":"2h"})"));
    ASSERT_EQ(made.status, 201U) << made.body;
    const auto secret = text_of_member(made, "secret");
    EXPECT_EQ(text_of_member(made, "expires_at"), "2026-11-22T14:00:00Z");
    EXPECT_EQ(site.store.events(EventKind::secret_created).size(), 1U);
    const auto listed = site.ask_admin(get("/v1/secrets"));
    EXPECT_THAT(listed.body, HasSubstr(text_of_member(made, "id")));
    EXPECT_THAT(listed.body, ::testing::Not(HasSubstr(secret)));
    for (const auto& event : site.store.events())
        EXPECT_THAT(std::string{text_of(audit::encode_event(event))}, ::testing::Not(HasSubstr(secret)));
    EXPECT_EQ(site.ask_native(site.enrolment(secret)).status, 201U);
}

TEST(Admin, RefusesASecretThatCouldNeverBeUsedOrLivesTooLong) {
    Site site;
    const std::vector<std::pair<std::string, unsigned>> bodies{{R"({"profile":"nowhere"})", 404U},
                                                               {R"({"names":["a"]})", 400U},
                                                               {R"({"profile":"tls-server","lifetime":"91d"})", 403U},
                                                               {R"({"profile":"tls-server","lifetime":"0s"})", 400U},
                                                               {R"({"profile":"tls-server","lifetime":7})", 400U},
                                                               {R"({"profile":"tls-server","names":"a"})", 400U},
                                                               {R"({"profile":"tls-server","names":[""]})", 400U}};
    for (const auto& [body, status] : bodies)
        EXPECT_EQ(site.ask_admin(post("/v1/secrets", body)).status, status) << body;
    EXPECT_TRUE(site.store.events(EventKind::secret_created).empty());
}

TEST(Admin, RevokesASecret) {
    Site site;
    const auto made = site.ask_admin(post("/v1/secrets", R"({"profile":"tls-server"})"));
    const auto id = text_of_member(made, "id");
    ASSERT_EQ(site.ask_admin(post("/v1/secrets/" + id + "/revoke", "{}")).status, 200U);
    EXPECT_EQ(site.ask_native(site.enrolment(text_of_member(made, "secret"))).status, 403U);
    EXPECT_EQ(site.ask_admin(post("/v1/secrets/xyz/revoke", "{}")).status, 400U);
    EXPECT_EQ(site.ask_admin(post("/v1/secrets/0123456789abcdef/revoke", "{}")).status, 404U);
}

TEST(Admin, PublishesACrlOnlyWhenTheDaemonIsOpen) {
    Site site;
    site.open = false;
    EXPECT_EQ(site.ask_admin(post("/v1/crl/publish", "{}")).status, 503U);
    site.open = true;
    const auto published = site.ask_admin(post("/v1/crl/publish", "{}"));
    ASSERT_EQ(published.status, 200U) << published.body;
    EXPECT_EQ(json_of(published).at("entries").as_int64(), 0);
    EXPECT_GT(json_of(published).at("number").as_int64(), 0);
}

TEST(Admin, PagesThroughTheAuditLog) {
    Site site;
    site.issued();
    const auto head = json_of(site.ask_admin(get("/v1/audit/head")));
    EXPECT_EQ(head.at("size").as_int64(), 2);
    const auto page = json_of(site.ask_admin(get("/v1/audit/entries?first=1&last=2"))).at("entries").as_array();
    ASSERT_EQ(page.size(), 1U);
    const auto leaf = from_base64(std::string_view{page[0].as_string()}).value();
    EXPECT_EQ(audit::parse_event(leaf).value().kind, EventKind::certificate_issued);
    EXPECT_EQ(json_of(site.ask_admin(get("/v1/audit/entries?first=5&last=9"))).at("entries").as_array().size(), 0U);
    EXPECT_EQ(json_of(site.ask_admin(get("/v1/audit/entries"))).at("entries").as_array().size(), 2U);
    EXPECT_EQ(site.ask_admin(get("/v1/audit/entries?first=-1")).status, 400U);
    EXPECT_EQ(text_of_member(site.ask_admin(get("/v1/audit/checkpoint")), "note"), "note");
}

TEST(Admin, ShowsStatusAndProfiles) {
    Site site;
    site.report.version = "0.1.0";
    site.report.reasons = {"the signer is not connected"};
    site.report.counts = Counts{.issued = 3, .revoked = 1, .open_intents = 0};
    const auto status = json_of(site.ask_admin(get("/v1/status")));
    EXPECT_EQ(status.at("ready").as_bool(), false);
    EXPECT_EQ(status.at("reasons").as_array().size(), 1U);
    EXPECT_EQ(status.at("counts").as_object().at("issued").as_int64(), 3);
    EXPECT_TRUE(status.at("crl").is_null());
    EXPECT_EQ(status.at("issuing").as_object().at("key").as_string(), site.ca.authority.key.id().hex());
    EXPECT_EQ(boost::json::parse(site.ask_admin(get("/v1/profiles")).body).as_array().size(), 1U);
    EXPECT_THAT(text_of_member(site.ask_admin(get("/v1/profiles/tls-server")), "toml"),
                HasSubstr("name = \"tls-server\""));
    EXPECT_EQ(site.ask_admin(get("/v1/profiles/other")).status, 404U);
}

TEST(AdminJson, RefusesWhatTwoReadersCouldReadDifferently) {
    EXPECT_TRUE(http_server::parse_json(R"({"a":{"b":1},"c":{"b":2}})"));
    for (const std::string bad :
         {"", "{", R"({"a":1,"a":2})", R"({"a":{"b":1,"b":2}})", R"({"a":1,"\u0061":2})", "{}{}", "{} x", R"({"a":1,})",
          "{'a':1}", "NaN", "{\"a\":\"\xff\"}", "[[[[[[[[[[1]]]]]]]]]]", "// comment\n{}"}) {
        const auto value = http_server::parse_json(bad);
        ASSERT_FALSE(value) << bad;
        EXPECT_EQ(value.error().code(), ErrorCode::malformed);
    }
}

}  // namespace
}  // namespace sealwright::protocols::admin
