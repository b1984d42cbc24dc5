#include "site.hpp"

namespace sealwright::protocols {
namespace {

using ::testing::HasSubstr;

struct Answers {
    issuance::OcspAnswer next;
    std::vector<Bytes> asked;
    ManualClock clock{kNow};
    http_server::Router router;
    Answers() {
        next.der = {0x30, 0x03, 0x0A, 0x01, 0x00};
        ocsp::add_routes(router, {.answer =
                                      [this](ByteView request) {
                                          asked.push_back(bytes_of(request));
                                          return next;
                                      },
                                  .clock = clock,
                                  .max_age = std::chrono::hours{1}});
    }
    void make_cacheable() {
        next.cacheable = true;
        next.this_update = kNow - std::chrono::minutes{10};
        next.produced_at = next.this_update;
        next.next_update = kNow + std::chrono::hours{12};
    }
};

TEST(OcspHttp, HandsAPostedRequestOn) {
    Answers answers;
    const auto response =
        ask(answers.router,
            {.method = "POST", .target = "/ocsp", .body = "request", .content_type = "application/ocsp-request"});
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(*response.header("Content-Type"), "application/ocsp-response");
    EXPECT_EQ(text_of(answers.asked.at(0)), "request");
    EXPECT_TRUE(equal(response.content(), answers.next.der));
}

TEST(OcspHttp, WantsTheTypeOfAnOcspRequest) {
    Answers answers;
    EXPECT_EQ(
        ask(answers.router, {.method = "POST", .target = "/ocsp", .body = "x", .content_type = "text/plain"}).status,
        415U);
    EXPECT_EQ(ask(answers.router, {.method = "POST", .target = "/ocsp", .body = "x"}).status, 415U);
    EXPECT_TRUE(answers.asked.empty());
}

TEST(OcspHttp, ReadsAGetRequestHoweverItsClientEscapes) {
    const Bytes der{0x30, 0x05, 0xFB, 0xEF, 0xFF, 0x00, 0x01};  // base64 MAX77/8AAQ==
    ASSERT_EQ(to_base64(der), "MAX77/8AAQ==");
    for (const char* path : {"MAX77/8AAQ==", "MAX77%2F8AAQ%3D%3D", "MAX77%2f8AAQ==", "MAX77/8AAQ",
                             "/MAX77/8AAQ==", "MAX77/8A%0AAQ==%0A", "MAX77%2F8AAQ%3d="}) {
        const auto decoded = ocsp::decode_get_request(path);
        ASSERT_TRUE(decoded) << path;
        EXPECT_EQ(decoded.value(), der) << path;
    }
    EXPECT_EQ(to_base64(ocsp::decode_get_request("+v8=").value()), "+v8=") << "a plus sign is itself";
    for (const char* path : {"MAX77%2", "MAX77!", "MAX77_8AAQ==", "M", "MAX77 8", "%ZZ"})
        EXPECT_FALSE(ocsp::decode_get_request(path)) << path;
}

TEST(OcspHttp, LetsTheResponderAnswerWhatIsNoRequest) {
    Answers answers;
    EXPECT_EQ(ask(answers.router, {.target = "/ocsp/!!!"}).status, 200U);
    EXPECT_TRUE(answers.asked.at(0).empty());
}

TEST(OcspHttp, TellsCachesHowLongAnAnswerServes) {
    Answers answers;
    answers.make_cacheable();
    const auto response = ask(answers.router, {.target = "/ocsp/MAX77/8AAQ=="});
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(*response.header("Cache-Control"), "max-age=3600, public, no-transform, must-revalidate");
    EXPECT_EQ(*response.header("Last-Modified"), "Sun, 22 Nov 2026 11:50:00 GMT");
    EXPECT_EQ(*response.header("Expires"), "Mon, 23 Nov 2026 00:00:00 GMT");
    EXPECT_EQ(*response.header("ETag"), '"' + crypto::sha256(answers.next.der).hex().substr(0, 40) + '"');

    answers.clock.set(answers.next.next_update - std::chrono::seconds{5});
    EXPECT_THAT(*ask(answers.router, {.target = "/ocsp/MAX77/8AAQ=="}).header("Cache-Control"),
                HasSubstr("max-age=5,"));
    answers.next.cacheable = false;
    EXPECT_EQ(ask(answers.router, {.target = "/ocsp/MAX77/8AAQ=="}).header("Cache-Control"), nullptr);
}

TEST(OcspHttp, SendsNothingTwiceToWhoHasItAlready) {
    Answers answers;
    answers.make_cacheable();
    const std::string target = "/ocsp/MAX77/8AAQ==";
    const auto etag = *ask(answers.router, {.target = target}).header("ETag");
    const auto with = [&](std::string name, std::string value) {
        return ask(answers.router, {.target = target, .headers = {{std::move(name), std::move(value)}}}).status;
    };
    EXPECT_EQ(with("If-None-Match", etag), 304U);
    EXPECT_EQ(with("If-None-Match", "\"x\", W/" + etag), 304U);
    EXPECT_EQ(with("If-None-Match", "*"), 304U);
    EXPECT_EQ(with("If-None-Match", "\"x\""), 200U);
    EXPECT_EQ(with("If-Modified-Since", "Sun, 22 Nov 2026 11:50:00 GMT"), 304U);
    EXPECT_EQ(with("If-Modified-Since", "Sun, 22 Nov 2026 11:49:59 GMT"), 200U);
    EXPECT_EQ(with("If-Modified-Since", "yesterday"), 200U);
    const auto unchanged = ask(answers.router, {.target = target, .headers = {{"If-None-Match", etag}}});
    EXPECT_TRUE(unchanged.content().empty());
    EXPECT_NE(unchanged.header("ETag"), nullptr);
    answers.next.der.back() = 1;
    EXPECT_EQ(with("If-None-Match", etag), 200U);
}

struct Crls {
    std::shared_ptr<const issuance::CrlRecord> current;
    std::optional<crl::RootCrl> root;
    ManualClock clock{kNow};
    http_server::Router router;
    Crls() {
        crl::add_routes(router, {.current = [this] { return current; },
                                 .root_crl = [this] { return root; },
                                 .issuing_certificate = {0x30, 0x01},
                                 .root_certificate = {0x30, 0x02},
                                 .clock = clock,
                                 .max_age = std::chrono::minutes{30}});
    }
};

TEST(CrlHttp, ServesTheCurrentCrl) {
    Crls crls;
    EXPECT_EQ(ask(crls.router, {.target = "/crl/issuing.crl"}).status, 503U);
    crls.current =
        std::make_shared<const issuance::CrlRecord>(issuance::CrlRecord{.number = 7,
                                                                        .issuer_key = {},
                                                                        .this_update = kNow,
                                                                        .next_update = kNow + std::chrono::hours{24},
                                                                        .entries = 1,
                                                                        .der = {1, 2, 3}});
    const auto response = ask(crls.router, {.target = "/crl/issuing.crl"});
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(*response.header("Content-Type"), "application/pkix-crl");
    EXPECT_EQ(*response.header("ETag"), "\"crl-7\"");
    EXPECT_EQ(*response.header("Cache-Control"), "max-age=1800, public, no-transform, must-revalidate");
    EXPECT_EQ(bytes_of(response.content()), (Bytes{1, 2, 3}));
    EXPECT_EQ(ask(crls.router, {.target = "/crl/issuing.crl", .headers = {{"If-None-Match", "\"crl-7\""}}}).status,
              304U);
    EXPECT_EQ(ask(crls.router, {.target = "/crl/issuing.crl", .headers = {{"If-None-Match", "\"crl-6\""}}}).status,
              200U);
}

TEST(CrlHttp, ServesTheRootsCrlWhereThereIsOne) {
    Crls crls;
    EXPECT_EQ(ask(crls.router, {.target = "/crl/root.crl"}).status, 404U);
    crls.root = crl::RootCrl{.der = std::make_shared<const Bytes>(Bytes{9}),
                             .this_update = kNow,
                             .next_update = kNow + std::chrono::hours{1}};
    EXPECT_EQ(bytes_of(ask(crls.router, {.target = "/crl/root.crl"}).content()), Bytes{9});
}

TEST(CrlHttp, ServesTheCertificatesOfTheCa) {
    Crls crls;
    const auto issuing = ask(crls.router, {.target = "/aia/issuing.cer"});
    EXPECT_EQ(issuing.status, 200U);
    EXPECT_EQ(*issuing.header("Content-Type"), "application/pkix-cert");
    EXPECT_EQ(bytes_of(issuing.content()), (Bytes{0x30, 0x01}));
    EXPECT_EQ(bytes_of(ask(crls.router, {.target = "/aia/root.cer"}).content()), (Bytes{0x30, 0x02}));
}

}  // namespace
}  // namespace sealwright::protocols
