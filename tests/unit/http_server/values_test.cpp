// Targets, routes, dates and problems: everything of the room that needs no socket.
#include <gtest/gtest.h>

#include "http_server/problem.hpp"
#include "http_server/router.hpp"

namespace sealwright::http_server {
namespace {

TEST(Target, SplitsAndDecodesItsSegmentsOnce) {
    auto target = parse_target("/a%2Fb/%2541/c+d?x=1%262&y=a+b&z");
    ASSERT_TRUE(target) << target.error().describe();
    EXPECT_EQ(target.value().path, "/a%2Fb/%2541/c+d");
    EXPECT_EQ(target.value().segments, (std::vector<std::string>{"a/b", "%41", "c+d"}));
    EXPECT_EQ(target.value().query_value("x").value(), "1&2");
    EXPECT_EQ(target.value().query_value("y").value(), "a b");
    EXPECT_EQ(target.value().query_value("z").value(), "");
    EXPECT_EQ(target.value().query_value("w").value(), std::nullopt);
}

TEST(Target, AcceptsAbsoluteForm) {
    auto target = parse_target("http://ca.example.org:80/ocsp?x=1");
    ASSERT_TRUE(target);
    EXPECT_EQ(target.value().path, "/ocsp");
    EXPECT_EQ(parse_target("http://ca.example.org").value().path, "/");
}

TEST(Target, RefusesWhatIsNoPath) {
    for (const char* bad : {"", "*", "a/b", "example.org:443", "/a b", "/a#b", "/a\x7f", "/a\xc3\xa4", "/%", "/%4",
                            "/%4g", "/a\\b", "/[x]", "/a?%zz", "ftp://x/"}) {
        auto target = parse_target(bad);
        ASSERT_FALSE(target) << bad;
        EXPECT_EQ(target.error().code(), ErrorCode::malformed) << bad;
    }
}

TEST(Target, RefusesWhatPassesItsBounds) {
    EXPECT_TRUE(parse_target("/" + std::string(kMaxTarget - 1, 'a')));
    auto long_one = parse_target("/" + std::string(kMaxTarget, 'a'));
    ASSERT_FALSE(long_one);
    EXPECT_EQ(long_one.error().code(), ErrorCode::too_large);
    std::string query = "/?";
    for (std::size_t i = 0; i < kMaxQueryParameters; ++i) query += "a=1&";
    EXPECT_TRUE(parse_target(query));
    auto many = parse_target(query + "a=1");
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code(), ErrorCode::too_large);
}

TEST(Target, RefusesToChooseBetweenTwoValues) {
    auto target = parse_target("/?a=1&a=2");
    ASSERT_TRUE(target);
    auto value = target.value().query_value("a");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code(), ErrorCode::malformed);
}

Router sample_router() {
    Router router;
    const auto say = [](std::string text) {
        return [text](const Request&) { return response_of(200, "text/plain", text); };
    };
    router.add("GET", "/v1/things", {}, say("list"));
    router.add("POST", "/v1/things", {.body = BodyRule::required, .max_body = 10}, say("make"));
    router.add("GET", "/v1/things/{id}", {}, say("one"));
    router.add("POST", "/v1/things/{id}/drop", {}, say("drop"));
    router.add("GET", "/ocsp/{request...}", {}, say("ocsp"));
    return router;
}

Match match(const Router& router, std::string_view method, std::string_view target) {
    return router.match(method, parse_target(target).value());
}

TEST(Router, FindsARouteByMethodAndPath) {
    const auto router = sample_router();
    EXPECT_EQ(match(router, "GET", "/v1/things").route->pattern, "/v1/things");
    EXPECT_EQ(match(router, "POST", "/v1/things").route->method, "POST");
    EXPECT_EQ(match(router, "HEAD", "/v1/things").route->method, "GET");
    const auto one = match(router, "GET", "/v1/things/a%2Fb");
    ASSERT_NE(one.route, nullptr);
    EXPECT_EQ(one.parameters.at("id"), "a/b");
    EXPECT_EQ(match(router, "POST", "/v1/things/7/drop").parameters.at("id"), "7");
}

TEST(Router, GivesTheRestOfAPathAsItWasSent) {
    const auto router = sample_router();
    EXPECT_EQ(match(router, "GET", "/ocsp/MFQ//a%2Bb+c%3D").parameters.at("request"), "MFQ//a%2Bb+c%3D");
    EXPECT_EQ(match(router, "GET", "/ocsp/").status, 404U);
    EXPECT_EQ(match(router, "GET", "/ocsp").status, 404U);
}

TEST(Router, TellsAWrongMethodFromAWrongPath) {
    const auto router = sample_router();
    const auto wrong_method = match(router, "DELETE", "/v1/things");
    EXPECT_EQ(wrong_method.route, nullptr);
    EXPECT_EQ(wrong_method.status, 405U);
    EXPECT_EQ(wrong_method.allow, "GET, HEAD, POST");
    for (const char* path : {"/", "/v1", "/v1/things/", "/v1/things/1/", "/v1/things/1/drop/x", "/v1//things",
                             "/V1/things", "/v1/./things", "//v1/things"}) {
        EXPECT_EQ(match(router, "GET", path).status, 404U) << path;
    }
}

TEST(HttpDate, IsReadAsItIsWritten) {
    EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // the example of RFC 9110 5.6.7
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").value(), 784111777);
    for (const char* bad :
         {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"}) {
        EXPECT_FALSE(parse_http_date(bad)) << bad;
    }
}

TEST(Problem, SaysStatusCodeAndDetailAsJson) {
    const auto response = problem(403, ErrorCode::denied, "not \"you\"\n");
    EXPECT_EQ(response.status, 403U);
    EXPECT_EQ(*response.header("content-type"), "application/problem+json");
    EXPECT_EQ(response.body,
              "{\"title\":\"Forbidden\",\"status\":403,\"code\":\"denied\",\"detail\":\"not \\\"you\\\"\\u000a\"}\n");
}

TEST(Problem, WritesOnlyValidUtf8) {
    EXPECT_EQ(json_quote("\xc3\xa4"), "\"\xc3\xa4\"");
    EXPECT_EQ(json_quote("\xf0\x9f\x94\x91"), "\"\xf0\x9f\x94\x91\"");
    // A stray continuation, an overlong '/', a surrogate, a cut sequence, beyond U+10FFFF: each octet that starts
    // nothing becomes U+FFFD.
    for (const std::string_view bad : {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80"}) {
        std::string expected = "\"";
        for (std::size_t i = 0; i < bad.size(); ++i) expected += "\xEF\xBF\xBD";
        EXPECT_EQ(json_quote(bad), expected + "\"");
    }
}

TEST(Request, RefusesToChooseBetweenTwoFields) {
    Request request;
    request.headers = {{"Authorization", "Bearer a"}, {"X-One", "1"}, {"authorization", "Bearer b"}};
    EXPECT_EQ(*request.header("AUTHORIZATION"), "Bearer a");
    EXPECT_EQ(request.sole_header("x-one").value(), "1");
    EXPECT_EQ(request.sole_header("x-two").value(), std::nullopt);
    EXPECT_FALSE(request.sole_header("Authorization"));
}

TEST(MediaType, LosesItsParameters) {
    EXPECT_EQ(media_type("Application/PKCS10 ; q=1"), "application/pkcs10");
    EXPECT_EQ(media_type(""), "");
}

}  // namespace
}  // namespace sealwright::http_server
