// The server against octets written by hand: what it accepts, what it refuses, and that it is never kept waiting.
#include "http_server/server.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "running_server.hpp"

namespace sealwright::http_server {
namespace {

using std::chrono::milliseconds;
using test::RawConnection;
using test::RunningServer;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kGetAndClose = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST(HttpServer, AnswersARequestWithWhatEveryAnswerCarries) {
    RunningServer server;
    const auto answer = server.ask(kGetAndClose);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 5\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nCache-Control: no-store\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello"));
    EXPECT_THAT(server.observed(), ::testing::ElementsAre("GET /hello 200"));
}

TEST(HttpServer, AnswersHeadWithTheLengthAndWithoutTheBody) {
    RunningServer server;
    const auto answer = server.ask("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(HttpServer, AnswersHttp10AsHttp10AndCloses) {
    RunningServer server;
    const auto answer = server.ask("GET /hello HTTP/1.0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.0 200 OK\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello"));
}

TEST(HttpServer, KeepsAConnectionOpenAndAnswersPipelinedRequestsInTheirOrder) {
    RunningServer server;
    RawConnection connection{server.port()};
    connection.send(std::string{kGet} + "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" +
                    std::string{kGetAndClose});
    const auto answer = connection.read_all();
    const auto first = answer.find("\r\n\r\nhello"), second = answer.find("\r\n\r\nabc"),
               third = answer.rfind("\r\n\r\nhello");
    ASSERT_NE(second, std::string::npos);
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_EQ(server.handled(), 3);
}

TEST(HttpServer, ReadsAChunkedBodyAndDropsItsTrailer) {
    RunningServer server;
    const auto answer = server.ask(
        "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Trailer: evil\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\nabcde"));
    EXPECT_THAT(answer, Not(HasSubstr("evil")));
}

TEST(HttpServer, SendsTheContinuationThatAClientWaitsFor) {
    RunningServer server;
    RawConnection connection{server.port()};
    connection.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(connection.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    connection.send("ok");
    EXPECT_TRUE(connection.read_all().ends_with("\r\n\r\nok"));
}

TEST(HttpServer, RefusesBeforeTheBodyWhatItsHeaderForbids) {
    RunningServer server;
    RawConnection connection{server.port()};
    connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 65\r\n\r\n");
    EXPECT_THAT(connection.read_until("}\n"), StartsWith("HTTP/1.1 413 "));
}

struct Refused {
    const char* name;
    std::string request;
    const char* status;
};

class HttpServerRefuses : public ::testing::TestWithParam<Refused> {};

TEST_P(HttpServerRefuses, WithItsStatusAndEndsTheConnection) {
    RunningServer server;
    RawConnection connection{server.port()};
    // Whatever follows a refused request must not be taken for another one.
    connection.send(GetParam().request + std::string{kGet});
    const auto answer = connection.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string{GetParam().status})) << GetParam().request;
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("application/problem+json"));
    EXPECT_TRUE(connection.closed());
    EXPECT_EQ(server.handled(), 0);
}

std::string post(std::string_view fields, std::string_view body = {}) {
    return "POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string{fields} + "\r\n" + std::string{body};
}

INSTANTIATE_TEST_SUITE_P(
    All, HttpServerRefuses,
    ::testing::Values(
        Refused{"UnknownPath", "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
        Refused{"WrongMethod", "DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
        Refused{"ConnectMethod", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        Refused{"MissingHost", "GET /hello HTTP/1.1\r\n\r\n", "400"},
        Refused{"TwoHosts", "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
        Refused{"HostThatIsNone", "GET /hello HTTP/1.1\r\nHost: x/y\r\n\r\n", "400"},
        Refused{"BodyWhereNoneIsTaken", "GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "400"},
        Refused{"LengthAndCoding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"},
        Refused{"CodingAndLength", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), "400"},
        Refused{"UnknownCodingAndLength", post("Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n", "abc"), "400"},
        Refused{"UnknownCoding", post("Transfer-Encoding: gzip\r\n", "abc"), "501"},
        Refused{"CodingThatHidesChunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501"},
        Refused{"ChunkedNotLast", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "501"},
        Refused{"CodingTwice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                "400"},
        Refused{"TwoLengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"), "400"},
        Refused{"TwoEqualLengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), "400"},
        Refused{"ListOfLengths", post("Content-Length: 3, 3\r\n", "abc"), "400"},
        Refused{"NegativeLength", post("Content-Length: -3\r\n", "abc"), "400"},
        Refused{"HexLength", post("Content-Length: 0x3\r\n", "abc"), "400"},
        Refused{"HugeLength", post("Content-Length: 99999999999999999999\r\n"), "400"},
        Refused{"NoLength", post(""), "411"},
        Refused{"LengthOverTheLimit", post("Content-Length: 65\r\n", std::string(65, 'a')), "413"},
        Refused{"ChunksOverTheLimit",
                post("Transfer-Encoding: chunked\r\n", "41\r\n" + std::string(65, 'a') + "\r\n0\r\n\r\n"), "413"},
        Refused{"ChunkSizeThatIsNone", post("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n"), "400"},
        Refused{"ChunkSizeThatLies", post("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n"), "400"},
        Refused{"ContentCoding", post("Content-Length: 3\r\nContent-Encoding: gzip\r\n", "abc"), "415"},
        Refused{"UnknownExpectation", post("Content-Length: 3\r\nExpect: magic\r\n", "abc"), "417"},
        Refused{"NextVersion", "GET /hello HTTP/1.2\r\nHost: x\r\n\r\n", "505"},
        Refused{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
        Refused{"NoHttp", "\x16\x03\x01\x02\x05\x01\x01 /\r\n\r\n", "400"},
        Refused{"SpaceBeforeColon", "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
        Refused{"BareLineFeedInField", "GET /hello HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "400"},
        Refused{"BareLineFeedAfterVersion", "GET /hello HTTP/1.1\nHost: x\n\n", "505"},
        Refused{"NulInField", "GET /hello HTTP/1.1\r\nHost: x\r\nA: b" + std::string(1, 0) + "c\r\n\r\n", "400"},
        Refused{"BadEscape", "GET /hello%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        Refused{"LongRequestLine", "GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
        Refused{"LongTarget", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
        Refused{"LargeHeader", "GET /hello HTTP/1.1\r\nHost: x\r\nA: " + std::string(20000, 'a') + "\r\n\r\n", "431"}),
    [](const auto& each) { return std::string{each.param.name}; });

TEST(HttpServer, NamesTheMethodsThatAPathHas) {
    RunningServer server;
    EXPECT_THAT(server.ask("PUT /hello HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST(HttpServer, RefusesCodingInHttp10) {
    RunningServer server;
    const auto answer = server.ask("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.0 400 "));
}

TEST(HttpServer, ForgetsARequestThatIsCutShort) {
    RunningServer server;
    RawConnection connection{server.port()};
    connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc");
    connection.finish_sending();
    EXPECT_EQ(connection.read_all(), "");
    EXPECT_TRUE(connection.closed());
    EXPECT_EQ(server.handled(), 0);
}

TEST(HttpServer, EndsAClientThatDripsItsHeader) {
    RunningServer server{{.limits = {.header = milliseconds{200}}}};
    RawConnection connection{server.port()};
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 100 && connection.send("G"); ++i) std::this_thread::sleep_for(milliseconds{10});
    EXPECT_THAT(connection.read_all(), StartsWith("HTTP/1.1 408 "));
    EXPECT_TRUE(connection.closed());
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{4});
}

TEST(HttpServer, EndsAClientThatDripsItsBody) {
    RunningServer server{{.limits = {.body = milliseconds{200}}}};
    RawConnection connection{server.port()};
    connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n");
    for (int i = 0; i < 40 && connection.send("a"); ++i) std::this_thread::sleep_for(milliseconds{10});
    EXPECT_THAT(connection.read_all(), StartsWith("HTTP/1.1 408 "));
    EXPECT_TRUE(connection.closed());
    EXPECT_EQ(server.handled(), 0);
}

TEST(HttpServer, ClosesAConnectionThatSaysNothing) {
    RunningServer server{{.limits = {.header = milliseconds{150}, .idle = milliseconds{150}}}};
    RawConnection silent{server.port()};
    EXPECT_EQ(silent.read_all(), "");
    EXPECT_TRUE(silent.closed());
    RawConnection idle{server.port()};
    idle.send(kGet);
    EXPECT_TRUE(idle.read_all().ends_with("hello"));
    EXPECT_TRUE(idle.closed());
}

TEST(HttpServer, ClosesAReaderWhoDoesNotRead) {
    RunningServer server{{.limits = {.write = milliseconds{300}}}};
    RawConnection connection{server.port()};
    // Enough answers to fill every buffer on the way.
    for (int i = 0; i < 8; ++i) connection.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(RunningServer::wait_for([&] { return server.server().statistics().connections == 0; }));
}

TEST(HttpServer, SendsALargeAnswerWhole) {
    RunningServer server;
    const auto answer = server.ask("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto end = answer.find("\r\n\r\n");
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(answer.size() - end - 4, 5U << 20U);
}

TEST(HttpServer, TellsAPeerNothingOfAnException) {
    RunningServer server;
    const auto answer = server.ask("GET /throws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("secret detail")));
}

TEST(HttpServer, RefusesWhenItsQueueIsFullAndRecovers) {
    RunningServer server{{.workers = 1, .queue = 1}};
    RawConnection first{server.port()}, second{server.port()};
    first.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(RunningServer::wait_for([&] { return server.slow_under_way() == 1; }));
    second.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(RunningServer::wait_for([&] { return server.queued() == 1; }));
    const auto refused = server.ask(kGetAndClose);
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(refused, HasSubstr("\r\nRetry-After: 1\r\n"));
    server.release();
    EXPECT_TRUE(first.read_all().ends_with("at last"));
    EXPECT_TRUE(second.read_all().ends_with("at last"));
    EXPECT_THAT(server.ask(kGetAndClose), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, DoesNotWaitForEverForAHandler) {
    RunningServer server{{.limits = {.handling = milliseconds{100}}}};
    const auto answer = server.ask("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 504 "));
    server.release();
    EXPECT_THAT(server.ask(kGetAndClose), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, EvictsAnIdleConnectionForANewOne) {
    RunningServer server{{.limits = {.max_connections = 2}}};
    RawConnection oldest{server.port()};
    oldest.send(kGet);
    oldest.read_until("hello");
    RawConnection other{server.port()};
    other.send(kGet);
    other.read_until("hello");
    EXPECT_THAT(server.ask(kGetAndClose), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(oldest.read_all(), "");
    EXPECT_TRUE(oldest.closed());
    other.send(kGetAndClose);
    EXPECT_THAT(other.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, RefusesAConnectionWhenAllAreBusy) {
    RunningServer server{{.limits = {.max_connections = 1}}};
    RawConnection busy{server.port()};
    busy.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(RunningServer::wait_for([&] { return server.slow_under_way() == 1; }));
    EXPECT_THAT(server.ask(kGetAndClose), StartsWith("HTTP/1.1 503 "));
    EXPECT_EQ(server.server().statistics().refused, 1U);
    server.release();
    EXPECT_TRUE(busy.read_all().ends_with("at last"));
}

TEST(HttpServer, AFullListenerTakesNothingFromAnother) {
    RunningServer server{{.limits = {.max_connections = 1}}};
    const auto second = server.listen_again();
    RawConnection busy{server.port()};
    busy.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(RunningServer::wait_for([&] { return server.slow_under_way() == 1; }));
    RawConnection other{second};
    other.send(kGetAndClose);
    EXPECT_THAT(other.read_all(), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(server.ask(kGetAndClose), StartsWith("HTTP/1.1 503 "));
    server.release();
}

TEST(HttpServer, AnswersWhatIsUnderWayWhenItStops) {
    RunningServer server;
    RawConnection busy{server.port()}, idle{server.port()};
    idle.send(kGet);
    idle.read_until("hello");
    busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(RunningServer::wait_for([&] { return server.slow_under_way() == 1; }));
    std::thread stopper{[&] { server.server().stop(std::chrono::seconds{10}); }};
    EXPECT_EQ(idle.read_all(), "");
    EXPECT_TRUE(idle.closed());
    server.release();
    const auto answer = busy.read_all();
    stopper.join();
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_TRUE(answer.ends_with("at last"));
    EXPECT_FALSE(RawConnection{server.port()}.connected());
}

TEST(HttpServer, CutsOffWhatDoesNotEndInTime) {
    RunningServer server;
    RawConnection half{server.port()};
    half.send("GET /hel");
    ASSERT_TRUE(RunningServer::wait_for([&] { return server.server().statistics().connections == 1; }));
    server.server().stop(milliseconds{50});
    EXPECT_EQ(half.read_all(), "");
    EXPECT_TRUE(half.closed());
}

TEST(HttpServer, KnowsTheProcessBehindAUnixSocket) {
    const std::string path = ::testing::TempDir() + "server-" + std::to_string(::getpid()) + ".sock";
    {
        RunningServer server{{.unix_path = path}};
        struct stat status {};
        ASSERT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0600U);
        RawConnection connection{path};
        connection.send("GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(connection.read_all(), HasSubstr("local uid=" + std::to_string(::getuid()) + " "));
    }
    EXPECT_NE(::access(path.c_str(), F_OK), 0) << "the socket's file is removed at the end";
}

TEST(HttpServer, ReplacesADeadUnixSocketAndLeavesALivingOneAlone) {
    const std::string path = ::testing::TempDir() + "stale-" + std::to_string(::getpid()) + ".sock";
    {
        const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ::close(dead);
    }
    RunningServer server{{.unix_path = path}};
    auto second =
        server.server().listen({.name = "second", .address = UnixAddress{path}, .router = std::make_shared<Router>()});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::already_exists);
    RawConnection connection{path};
    connection.send(kGetAndClose);
    EXPECT_THAT(connection.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, LeavesAFileAloneThatIsNoSocket) {
    const std::string path = ::testing::TempDir() + "file-" + std::to_string(::getpid());
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
    RunningServer server;
    auto listening =
        server.server().listen({.name = "x", .address = UnixAddress{path}, .router = std::make_shared<Router>()});
    ASSERT_FALSE(listening);
    EXPECT_EQ(listening.error().code(), ErrorCode::already_exists);
    EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(TcpAddress, IsNumericWithAPort) {
    EXPECT_EQ(parse_tcp_address("127.0.0.1:0").value().host, "127.0.0.1");
    EXPECT_EQ(parse_tcp_address("[::1]:8443").value().port, 8443);
    for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", ":80", "localhost:80", "::1:80", "[127.0.0.1]:80",
                            "127.0.0.1:65536", "127.0.0.1:8o", "[::1]", "1.2.3:4"}) {
        EXPECT_FALSE(parse_tcp_address(bad)) << bad;
    }
}

}  // namespace
}  // namespace sealwright::http_server
