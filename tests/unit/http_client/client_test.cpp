#include "http_client/client.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "scripted_server.hpp"

namespace sealwright::http_client {
namespace {

using test::Script;
using test::ScriptedServer;

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Thing: one\r\n\r\nhello";

Result<Response> get(const std::string& url, Options options = {}) {
    SEALWRIGHT_TRY(auto client, Client::open(url, std::move(options)));
    return client.send({.method = "GET", .target = "/a"});
}

TEST(HttpClient, ReadsAnAnswerOfKnownLength) {
    ScriptedServer server{{{{kHello}}}};
    auto response = get(server.url());
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response.value().status, 200U);
    EXPECT_EQ(response.value().body, "hello");
    ASSERT_NE(response.value().header("x-thing"), nullptr);
    EXPECT_EQ(*response.value().header("x-thing"), "one");
    EXPECT_EQ(response.value().header("x-other"), nullptr);
    EXPECT_TRUE(server.received().starts_with("GET /a HTTP/1.1\r\n")) << server.received();
}

TEST(HttpClient, ReadsAChunkedAnswer) {
    ScriptedServer server{
        {{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"}}}};
    auto response = get(server.url());
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response.value().body, "hello");
}

TEST(HttpClient, SkipsInterimAnswers) {
    ScriptedServer server{{{{"HTTP/1.1 100 Continue\r\n\r\n" + kHello}}}};
    auto response = get(server.url());
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response.value().status, 200U);
}

TEST(HttpClient, RefusesATruncatedBody) {
    ScriptedServer server{{{{kHello.substr(0, kHello.size() - 1)}}}};
    auto response = get(server.url());
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::unavailable);
}

TEST(HttpClient, RefusesWhatIsNoHttp) {
    ScriptedServer server{{{{"SSH-2.0-OpenSSH_9.2\r\n\r\n"}}}};
    auto response = get(server.url());
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::malformed);
}

TEST(HttpClient, TakesABodyAtItsLimitAndRefusesOneOctetMore) {
    ScriptedServer server{{{{kHello}}, {{kHello}}}};
    EXPECT_TRUE(get(server.url(), {.max_body = 5}));
    auto over = get(server.url(), {.max_body = 4});
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code(), ErrorCode::too_large);
}

TEST(HttpClient, RefusesAHeaderOverItsLimit) {
    ScriptedServer server{
        {{{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Long: " + std::string(3000, 'a') + "\r\n\r\n"}}}};
    auto response = get(server.url(), {.max_header = 2048});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::too_large);
}

TEST(HttpClient, GivesUpAtTheDeadline) {
    ScriptedServer server{{{.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"}, .close_after = false}}};
    const auto start = std::chrono::steady_clock::now();
    auto response = get(server.url(), {.request_timeout = std::chrono::milliseconds{200}});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
}

TEST(HttpClient, KeepsOneConnectionForSeveralRequests) {
    ScriptedServer server{{{.answers = {kHello, kHello}, .close_after = false}}};
    auto client = Client::open(server.url());
    ASSERT_TRUE(client);
    EXPECT_TRUE(client.value().send({}));
    EXPECT_TRUE(client.value().send({}));
    EXPECT_EQ(server.accepted(), 1);
}

TEST(HttpClient, OpensANewConnectionWhenTheServerClosedTheIdleOne) {
    ScriptedServer server{{{{kHello}}, {{kHello}}}};
    auto client = Client::open(server.url());
    ASSERT_TRUE(client);
    ASSERT_TRUE(client.value().send({}));
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    auto second = client.value().send({});
    ASSERT_TRUE(second) << second.error().describe();
    EXPECT_EQ(server.accepted(), 2);
}

TEST(HttpClient, NeverSendsARequestTwice) {
    // The server reads the request and hangs up: whether it did the work is unknown, so the failure is the caller's to
    // judge.
    ScriptedServer server{{{.answers = {""}}, {.answers = {kHello}}}};
    auto client = Client::open(server.url());
    ASSERT_TRUE(client);
    auto response = client.value().send({.method = "POST", .target = "/", .headers = {}, .body = "x"});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::unavailable);
    EXPECT_EQ(server.accepted(), 1);
}

TEST(HttpClient, ReadsTheAnswerToHeadWithoutItsBody) {
    ScriptedServer server{
        {{.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", kHello}, .close_after = false}}};
    auto client = Client::open(server.url());
    ASSERT_TRUE(client);
    auto head = client.value().send({.method = "HEAD", .target = "/"});
    ASSERT_TRUE(head) << head.error().describe();
    EXPECT_TRUE(head.value().body.empty());
    auto full = client.value().send({});
    ASSERT_TRUE(full) << full.error().describe();
    EXPECT_EQ(full.value().body, "hello");
}

TEST(HttpClient, SpeaksOverAUnixSocket) {
    const std::string path = ::testing::TempDir() + "client-" + std::to_string(::getpid()) + ".sock";
    ScriptedServer server{{{{kHello}}}, path};
    auto response = get(server.url());
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response.value().body, "hello");
    ::unlink(path.c_str());
}

TEST(HttpClient, SaysWhenNobodyListens) {
    auto unix_socket = get("unix:/nonexistent/socket");
    ASSERT_FALSE(unix_socket);
    EXPECT_EQ(unix_socket.error().code(), ErrorCode::unavailable);
    auto tcp = get("http://127.0.0.1:1");
    ASSERT_FALSE(tcp);
    EXPECT_EQ(tcp.error().code(), ErrorCode::unavailable);
}

TEST(HttpClient, RefusesToWriteARequestThatSmugglesAnother) {
    auto client = Client::open("http://127.0.0.1:1");
    ASSERT_TRUE(client);
    const std::vector<Request> hostile{
        {.method = "GET /x HTTP/1.1\r\n", .target = "/"},
        {.method = "GET", .target = "/a b"},
        {.method = "GET", .target = "/a\r\nX: y"},
        {.method = "GET", .target = "relative"},
        {.method = "GET", .target = "/", .headers = {{"X-A", "b\r\nX-C: d"}}},
        {.method = "GET", .target = "/", .headers = {{"X A", "b"}}},
        {.method = "GET", .target = "/", .headers = {{"content-length", "3"}}},
    };
    for (const auto& request : hostile) {
        auto response = client.value().send(request);
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code(), ErrorCode::malformed) << request.target;
    }
}

TEST(HttpClientUrl, AcceptsItsThreeFormsAndNothingElse) {
    for (const char* good :
         {"http://127.0.0.1:8080", "http://ca.example.org", "http://[::1]:80/", "unix:/run/x.sock"}) {
        EXPECT_TRUE(Client::open(good)) << good;
    }
    for (const char* bad : {"", "ftp://x", "http://", "http://:80", "http://host:0", "http://host:65536",
                            "http://host:80/path", "http://u@host", "http://[::1", "http://[zz]:1", "http://host:8o",
                            "unix:", "http://ho st", "http://host?x"}) {
        auto client = Client::open(bad);
        ASSERT_FALSE(client) << bad;
        EXPECT_EQ(client.error().code(), ErrorCode::malformed);
    }
}

TEST(HttpClientUrl, WantsACaFileForHttps) {
    auto none = Client::open("https://127.0.0.1:1");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ErrorCode::config);
    Options options;
    options.tls.ca_file = "/nonexistent.pem";
    auto missing = Client::open("https://127.0.0.1:1", options);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), ErrorCode::config);
}

TEST(HttpClient, EscapesEverythingButUnreservedCharacters) {
    EXPECT_EQ(escape_segment("aZ9-._~"), "aZ9-._~");
    EXPECT_EQ(escape_segment("a/b c?#%\xff"), "a%2Fb%20c%3F%23%25%FF");
}

}  // namespace
}  // namespace sealwright::http_client
