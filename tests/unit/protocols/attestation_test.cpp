// The two rounds of an attestation as they are on the wire.
#include "attestation/record.hpp"
#include "site.hpp"
#include "tests/support/fake_device.hpp"

namespace sealwright::protocols::native {
namespace {

using audit::EventKind;
using ::testing::Contains;
using ::testing::HasSubstr;

const test::FakeVendor& vendor() {
    static const test::FakeVendor the{kNow};
    return the;
}
const test::FakeDevice& machine() {
    static const test::FakeDevice the = [] {
        test::FakeTpm tpm{test::make_ek("L-2"), test::make_ak()};
        auto certificate = vendor().certify_ek(tpm.ek().public_key());
        return test::FakeDevice{std::move(tpm), test::make_leaf(), "one", std::move(certificate)};
    }();
    return the;
}

struct Attesting : Site {
    Attesting()
        : Site(test::profile_text("attested-device"),
               std::make_shared<const attestation::TrustAnchors>(vendor().anchors())),
          secret(make_secret({"one"})) {}

    Question post(std::string target, std::string body) const {
        return {.method = "POST",
                .target = std::move(target),
                .body = std::move(body),
                .content_type = "application/json",
                .headers = {{"Authorization", "Bearer " + secret}}};
    }
    Response open(std::string body = machine().opening_body()) {
        return ask_native(post("/native/v1/attestations", std::move(body)));
    }
    // answer is the body of the second round for the answer of the first.
    static std::string answer_to(const Response& challenged) {
        return machine().answer_body(test::read_challenge(challenged.body).value()).value();
    }
    Response answer(const Response& challenged) {
        return ask_native(post(*challenged.header("Location"), answer_to(challenged)));
    }
    std::string secret;
};

std::vector<std::string> checks(const Response& response) {
    std::vector<std::string> codes;
    const auto problem = json_of(response);
    for (const auto& finding : problem.at("findings").as_array()) codes.emplace_back(finding.at("check").as_string());
    return codes;
}

// with changes one member of a body.
template <class Value>
std::string with(const std::string& body, std::string_view member, const Value& value) {
    auto object = boost::json::parse(body).as_object();
    object[{member.data(), member.size()}] = boost::json::value(value);
    return boost::json::serialize(object);
}

TEST(NativeAttestation, TwoRoundsGiveAChain) {
    Attesting site;
    const auto challenged = site.open();
    ASSERT_EQ(challenged.status, 201U) << challenged.body;
    EXPECT_EQ(text_of_member(challenged, "expires_at"), "2026-11-22T12:10:00Z");
    EXPECT_EQ(*challenged.header("Location"), "/native/v1/attestations/" + text_of_member(challenged, "request"));
    const auto issued = site.answer(challenged);
    ASSERT_EQ(issued.status, 201U) << issued.body;
    const auto chain = x509::Certificate::parse_pem(issued.body).value();
    EXPECT_EQ(chain.at(0).fields().spki, machine().key.public_key().spki());
    EXPECT_EQ(*issued.header("Location"), "/native/v1/requests/" + text_of_member(challenged, "request"));

    const auto polled = site.ask_native(
        {.target = *issued.header("Location"), .headers = {{"Authorization", "Bearer " + site.secret}}});
    EXPECT_EQ(polled.status, 200U);
    EXPECT_EQ(polled.body, issued.body);
    const auto replayed = site.answer(challenged);
    EXPECT_EQ(replayed.status, 409U) << replayed.body;
}

TEST(NativeAttestation, ARefusalListsItsFindings) {
    Attesting site;
    static const test::FakeVendor stranger{kNow, "Stranger"};
    const auto refused = site.open(with(machine().opening_body(), "ek_certificate",
                                        to_base64(stranger.certify_ek(machine().tpm.ek().public_key()))));
    EXPECT_EQ(refused.status, 403U) << refused.body;
    EXPECT_EQ(*refused.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(text_of_member(refused, "code"), "denied");
    EXPECT_THAT(checks(refused), Contains("ek_certificate_chain"));
    const auto problem = json_of(refused);
    const auto& finding = problem.at("findings").as_array().at(0).as_object();
    for (const auto* member : {"outcome", "clause", "text"}) EXPECT_FALSE(finding.at(member).as_string().empty());
    const auto id = RequestId::from_hex_text(text_of_member(refused, "request")).value();
    EXPECT_EQ(site.store.request(id).value().state, issuance::RequestState::refused);
}

TEST(NativeAttestation, ARefusedAnswerListsItsFindings) {
    Attesting site;
    const auto challenged = site.open();
    const auto body = with(site.answer_to(challenged), "activated_secret", to_base64(Bytes(32, 7)));
    const auto refused = site.ask_native(site.post(*challenged.header("Location"), body));
    EXPECT_EQ(refused.status, 403U);
    EXPECT_THAT(checks(refused), testing::ElementsAre("activation_secret"));
    EXPECT_EQ(site.answer(challenged).status, 409U);
}

TEST(NativeAttestation, ReadsItsMembersStrictly) {
    Attesting site;
    const std::string good = machine().opening_body();
    const std::vector<std::pair<std::string, unsigned>> bad{
        {with(good, "version", 2), 422},
        {with(good, "version", "1"), 400},
        {with(good, "more", 1), 400},
        {with(good, "ak_public", nullptr), 400},
        {with(good, "ak_public", "not base64"), 400},
        {with(good, "ak_public", to_base64(Bytes(attestation::kMaxTpmStructure + 3, 1))), 413},
        {with(good, "ek_chain", "x"), 400},
        {with(good, "profile", std::string(200, 'a')), 413},
        {"[]", 400},
        {"{}", 400},
        {"", 400},
        {good.substr(1), 400}};
    for (const auto& [body, status] : bad) EXPECT_EQ(site.open(body).status, status) << body.substr(0, 80);
    EXPECT_EQ(site.store.events(EventKind::input_refused).size(), bad.size());
    auto question = site.post("/native/v1/attestations", good);
    question.content_type = "text/plain";
    EXPECT_EQ(site.ask_native(question).status, 422U);
    EXPECT_TRUE(site.store.events(EventKind::request_challenged).empty());
}

TEST(NativeAttestation, AnAnswerThatCannotBeReadLeavesTheChallenge) {
    Attesting site;
    const auto challenged = site.open();
    const auto target = *challenged.header("Location");
    const std::string good = site.answer_to(challenged);
    EXPECT_EQ(site.ask_native(site.post(target, "{}")).status, 400U);
    EXPECT_EQ(site.ask_native(site.post(target, with(good, "csr", "AAAA"))).status, 400U);
    EXPECT_EQ(site.ask_native(site.post(target, good)).status, 201U);
}

TEST(NativeAttestation, WantsACredentialInBothRounds) {
    Attesting site;
    auto question = site.post("/native/v1/attestations", machine().opening_body());
    question.headers.clear();
    EXPECT_EQ(site.ask_native(question).status, 401U);
    const auto challenged = site.open();
    question = site.post(*challenged.header("Location"), site.answer_to(challenged));
    question.headers.clear();
    EXPECT_EQ(site.ask_native(question).status, 401U);
    EXPECT_EQ(site.answer(challenged).status, 201U);
}

TEST(NativeAttestation, NamesWhatIsUnknown) {
    Attesting site;
    const auto challenged = site.open();
    const auto body = site.answer_to(challenged);
    EXPECT_EQ(site.ask_native(site.post("/native/v1/attestations/" + std::string(32, '0'), body)).status, 404U);
    EXPECT_EQ(site.ask_native(site.post("/native/v1/attestations/xyz", body)).status, 404U);
    EXPECT_EQ(site.open(with(machine().opening_body(), "profile", "nothing")).status, 404U);
}

TEST(NativeAttestation, AfterARequestThatEndedTheAnswerSaysSo) {
    Attesting site;
    const auto challenged = site.open();
    Question poll{.target = "/native/v1/requests/" + text_of_member(challenged, "request")};
    poll.headers = {{"Authorization", "Bearer " + site.secret}};
    EXPECT_FALSE(json_of(site.ask_native(poll)).contains("state")) << "it waits";
    const auto wrong = with(site.answer_to(challenged), "activated_secret", to_base64(Bytes(32, 7)));
    EXPECT_EQ(site.ask_native(site.post(*challenged.header("Location"), wrong)).status, 403U);
    const auto ended = site.ask_native(poll);
    EXPECT_EQ(ended.status, 403U);
    EXPECT_EQ(text_of_member(ended, "state"), "refused");
    const auto other = site.make_secret({"one"});
    poll.headers = {{"Authorization", "Bearer " + other}};
    EXPECT_FALSE(json_of(site.ask_native(poll)).contains("state")) << "a stranger learns nothing";
}

TEST(NativeAttestation, WaitsWhileTheCaIsClosed) {
    Attesting site;
    static_cast<Site&>(site).open = false;
    EXPECT_EQ(site.open().status, 503U);
}

}  // namespace
}  // namespace sealwright::protocols::native
