#include "site.hpp"

namespace sealwright::protocols::native {
namespace {

using audit::EventKind;
using ::testing::HasSubstr;

TEST(Native, IssuesForAHolderOfASecretAndSendsTheChainLeafFirst) {
    Site site;
    const auto response = site.ask_native(site.enrolment(site.make_secret()));
    ASSERT_EQ(response.status, 201U) << response.body;
    EXPECT_EQ(*response.header("Content-Type"), "application/pem-certificate-chain");
    const auto chain = x509::Certificate::parse_pem(response.body).value();
    ASSERT_EQ(chain.size(), 2U);
    EXPECT_EQ(chain[0].fields().spki, site.device_key.spki());
    EXPECT_EQ(chain[1].der(), site.ca.authority.certificate.der());
    const auto serial = SerialNumber::from_hex_text(*response.header("X-Sealwright-Serial")).value();
    const auto record = site.store.certificate(serial).value();
    EXPECT_EQ(record.certificate, chain[0].der().bytes());
    EXPECT_EQ(*response.header("Location"), "/native/v1/requests/" + record.request.hex());
}

TEST(Native, TakesPemAsWellAndTheProfileOfTheCredentialWhereNoneIsNamed) {
    Site site;
    auto question = site.enrolment(site.make_secret());
    question.target = "/native/v1/certificates";
    question.body = site.csr_pem();
    question.content_type = "text/plain; charset=us-ascii";
    EXPECT_EQ(site.ask_native(question).status, 201U);
    question = site.enrolment(site.make_secret());
    question.body = site.csr_pem();
    question.content_type = "application/x-pem-file";
    EXPECT_EQ(site.ask_native(question).status, 201U);
}

TEST(Native, ASecretWorksOnce) {
    Site site;
    const auto question = site.enrolment(site.make_secret());
    EXPECT_EQ(site.ask_native(question).status, 201U);
    const auto second = site.ask_native(question);
    EXPECT_EQ(second.status, 409U);
    EXPECT_EQ(text_of_member(second, "code"), "conflict");
    EXPECT_EQ(site.store.events(EventKind::input_refused).size(), 1U);
    EXPECT_EQ(site.store.events(EventKind::certificate_issued).size(), 1U);
}

TEST(Native, AsksForACredentialAndRecordsThatThereWasNone) {
    Site site;
    auto question = site.enrolment("x");
    question.headers.clear();
    const auto response = site.ask_native(question);
    EXPECT_EQ(response.status, 401U);
    EXPECT_EQ(*response.header("WWW-Authenticate"), "Bearer realm=\"sealwright\"");
    ASSERT_EQ(site.store.events(EventKind::input_refused).size(), 1U);
    EXPECT_EQ(site.store.events(EventKind::input_refused)[0].actor, "anonymous");
}

TEST(Native, RefusesEveryCredentialThatIsNotOne) {
    Site site;
    const auto secret = site.make_secret();
    auto changed = secret;
    changed.back() = changed.back() == 'A' ? 'Q' : 'A';
    const std::vector<std::pair<std::string, unsigned>> credentials{
        {"Bearer " + changed, 401U},     {"Bearer", 400U},      {"Bearer " + std::string(300, 'x'), 400U},
        {"Basic " + secret, 401U},       {"Bearer sw1_", 401U}, {secret, 401U},
        {"Bearer " + secret + "x", 401U}};
    for (const auto& [value, status] : credentials) {
        auto question = site.enrolment("x");
        question.headers = {{"Authorization", value}};
        EXPECT_EQ(site.ask_native(question).status, status) << value;
    }
    auto twice = site.enrolment(secret);
    twice.headers.push_back(twice.headers.front());
    EXPECT_EQ(site.ask_native(twice).status, 400U);
    EXPECT_EQ(site.store.events(EventKind::input_refused).size(), credentials.size() + 1);
    // None of this has used the secret up.
    EXPECT_EQ(site.ask_native(site.enrolment(secret)).status, 201U);
}

TEST(Native, TakesTheSchemesNameInAnyCase) {
    Site site;
    auto question = site.enrolment("x");
    question.headers = {{"authorization", "bEaReR   " + site.make_secret()}};
    EXPECT_EQ(site.ask_native(question).status, 201U);
}

TEST(Native, RefusesARequestThatIsNoneAndKeepsTheSecretWhole) {
    Site site;
    const auto secret = site.make_secret();
    auto question = site.enrolment(secret);
    question.body.back() = static_cast<char>(question.body.back() ^ 1);
    const auto tampered = site.ask_native(question);
    EXPECT_EQ(tampered.status, 422U) << tampered.body;
    EXPECT_EQ(text_of_member(tampered, "code"), "invalid_signature");

    question = site.enrolment(secret);
    question.body.pop_back();
    EXPECT_EQ(site.ask_native(question).status, 400U);
    question = site.enrolment(secret);
    question.content_type = "application/x-www-form-urlencoded";
    EXPECT_EQ(site.ask_native(question).status, 422U);
    question = site.enrolment(secret);
    question.content_type = "text/plain";  // DER under the type of PEM is read by what it is
    EXPECT_EQ(site.ask_native(question).status, 201U);
    EXPECT_EQ(site.store.events(EventKind::input_refused).size(), 2U);
    EXPECT_EQ(site.store.events(EventKind::request_refused).size(), 1U);
}

TEST(Native, RefusesAProfileThatIsNotTheCredentials) {
    Site site;
    auto question = site.enrolment(site.make_secret());
    question.target = "/native/v1/certificates?profile=other";
    const auto response = site.ask_native(question);
    EXPECT_TRUE(response.status == 403 || response.status == 404) << response.body;
    question.target = "/native/v1/certificates?profile=";
    EXPECT_EQ(site.ask_native(question).status, 400U);
    question.target = "/native/v1/certificates?profile=tls-server&profile=tls-server";
    EXPECT_EQ(site.ask_native(question).status, 400U);
}

TEST(Native, SaysWhatTheProfileDoesNotAllow) {
    Site site;
    auto question = site.enrolment(site.make_secret());
    question.body = std::string{
        text_of(site.csr({.subject = "CN=www.example.com", .san = {"DNS:www.example.com"}, .more = {}}).der.view())};
    const auto response = site.ask_native(question);
    EXPECT_EQ(response.status, 403U);
    EXPECT_THAT(text_of_member(response, "detail"), HasSubstr("www.example.com"));
    EXPECT_EQ(site.store.events(EventKind::request_refused).size(), 1U);
}

TEST(Native, RenewsForAHolderOfACertificateInItsWindowAndNotBefore) {
    Site site;
    const auto first = site.ask_native(site.enrolment(site.make_secret()));
    ASSERT_EQ(first.status, 201U);
    const auto leaf = x509::Certificate::parse_pem(first.body).value().front();
    auto question = site.enrolment("x");
    question.headers.clear();
    question.certificate = leaf.der().bytes();
    EXPECT_EQ(site.ask_native(question).status, 403U) << "long before its window";
    site.clock.set(leaf.fields().not_after - std::chrono::hours{24});
    const auto renewed = site.ask_native(question);
    ASSERT_EQ(renewed.status, 201U) << renewed.body;
    const auto serial = SerialNumber::from_hex_text(*renewed.header("X-Sealwright-Serial")).value();
    EXPECT_EQ(site.store.certificate(serial).value().renews,
              SerialNumber::from_hex_text(*first.header("X-Sealwright-Serial")).value());
}

TEST(Native, RefusesACertificateThatIsRevokedOrOfAnotherIssuer) {
    Site site;
    const auto first = site.ask_native(site.enrolment(site.make_secret()));
    const auto leaf = x509::Certificate::parse_pem(first.body).value().front();
    site.clock.set(leaf.fields().not_after - std::chrono::hours{24});
    auto question = site.enrolment("x");
    question.headers.clear();
    question.certificate = leaf.der().bytes();
    const auto serial = *first.header("X-Sealwright-Serial");
    ASSERT_EQ(
        site.ask_admin({.method = "POST", .target = "/v1/certificates/" + serial + "/hold", .uid = kOfficer}).status,
        200U);
    EXPECT_EQ(site.ask_native(question).status, 403U);
    ASSERT_EQ(
        site.ask_admin({.method = "POST", .target = "/v1/certificates/" + serial + "/release", .uid = kOfficer}).status,
        200U);
    EXPECT_EQ(site.ask_native(question).status, 201U);

    test::TestCa other{kNow};
    question.certificate = other.ocsp_certificate.der().bytes();
    EXPECT_EQ(site.ask_native(question).status, 401U);
    question.certificate = Bytes{0x30, 0x00};
    EXPECT_EQ(site.ask_native(question).status, 400U);
}

TEST(Native, ReachesTheEngineOnlyWhenTheDaemonIsOpen) {
    Site site;
    site.open = false;
    const auto question = site.enrolment(site.make_secret());
    const auto response = site.ask_native(question);
    EXPECT_EQ(response.status, 503U);
    EXPECT_EQ(*response.header("Retry-After"), "5");
    EXPECT_TRUE(site.store.events().empty());
    site.open = true;
    EXPECT_EQ(site.ask_native(question).status, 201U);
}

TEST(Native, DoesNotLetStrangersFillTheAuditLog) {
    Site site;
    site.may_record = false;
    auto question = site.enrolment("unknown");
    EXPECT_EQ(site.ask_native(question).status, 401U);
    EXPECT_TRUE(site.store.events().empty());
    // Who holds a secret is no stranger: what he sends is recorded.
    question = site.enrolment(site.make_secret());
    question.body = "nothing";
    EXPECT_EQ(site.ask_native(question).status, 400U);
    EXPECT_EQ(site.store.events(EventKind::input_refused).size(), 1U);
}

std::string profile_with_approval() {
    auto text = test::profile_text("tls-server");
    const auto at = text.find("principals = ");
    return text.insert(at, "approvals = 1\n");
}

TEST(Native, WaitsForApprovalAndLetsTheSameCredentialPoll) {
    Site site{profile_with_approval()};
    const auto secret = site.make_secret();
    const auto parked = site.ask_native(site.enrolment(secret));
    ASSERT_EQ(parked.status, 202U) << parked.body;
    EXPECT_EQ(*parked.header("Retry-After"), "30");
    const auto location = *parked.header("Location");
    const Question poll{.target = location, .headers = {{"Authorization", "Bearer " + secret}}};
    EXPECT_EQ(site.ask_native(poll).status, 202U);

    auto stranger = poll;
    stranger.headers = {{"Authorization", "Bearer " + site.make_secret()}};
    EXPECT_EQ(site.ask_native(stranger).status, 403U);
    stranger.headers.clear();
    EXPECT_EQ(site.ask_native(stranger).status, 401U);

    const auto id = location.substr(location.rfind('/') + 1);
    const auto approved =
        site.ask_admin({.method = "POST", .target = "/v1/requests/" + id + "/approve", .uid = kOfficer});
    ASSERT_EQ(approved.status, 200U) << approved.body;
    EXPECT_EQ(json_of(approved).at("approvals_needed").as_int64(), 0);
    const auto issued = site.ask_native(poll);
    ASSERT_EQ(issued.status, 200U) << issued.body;
    EXPECT_EQ(x509::Certificate::parse_pem(issued.body).value().size(), 2U);
    // Asking once more gives the same certificate.
    EXPECT_EQ(site.ask_native(poll).body, issued.body);
}

TEST(Native, KnowsNoRequestOfAnotherName) {
    Site site;
    const auto secret = site.make_secret();
    for (const std::string& id : {std::string{"0"}, std::string(32, '0'), std::string(32, 'z'), std::string(64, '0')}) {
        const auto response = site.ask_native(
            {.target = "/native/v1/requests/" + id, .headers = {{"Authorization", "Bearer " + secret}}});
        EXPECT_EQ(response.status, 404U) << id;
    }
}

TEST(Native, AnswersEachErrorWithItsStatus) {
    EXPECT_EQ(http_status(ErrorCode::malformed), 400U);
    EXPECT_EQ(http_status(ErrorCode::weak_key), 422U);
    EXPECT_EQ(http_status(ErrorCode::storage), 503U);
    EXPECT_EQ(http_status(ErrorCode::indeterminate), 500U);
    EXPECT_EQ(http_status(static_cast<ErrorCode>(9999)), 500U);
}

TEST(Native, SaysClearlyThatTheRecordCannotBeKept) {
    Site site;
    site.store.fail_always(test::Verb::intend, fail(ErrorCode::storage, "the disk is full"));
    const auto response = site.ask_native(site.enrolment(site.make_secret()));
    EXPECT_EQ(response.status, 503U);
    EXPECT_THAT(text_of_member(response, "code"), ::testing::AnyOf("storage", "unavailable"));
}

}  // namespace
}  // namespace sealwright::protocols::native
