// The server's TLS against OpenSSL's and curl's clients, with keys and certificates that the openssl command makes for
// each run.
#include "http_server/tls.hpp"

#include <gmock/gmock.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "http_client/client.hpp"
#include "running_server.hpp"

namespace sealwright::http_server {
namespace {

using test::RawConnection;
using test::RunningServer;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

struct CommandResult {
    int status = -1;
    std::string output;
};

CommandResult run(const std::string& command) {
    CommandResult result;
    std::FILE* pipe = ::popen(("( " + command + " ) 2>&1 </dev/null").c_str(), "r");
    char buffer[4096];
    for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        result.output.append(buffer, count);
    result.status = ::pclose(pipe);
    return result;
}

std::string read(const fs::path& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::shared_ptr<EVP_PKEY> read_key(const fs::path& path) {
    std::FILE* file = std::fopen(path.c_str(), "r");
    std::shared_ptr<EVP_PKEY> key{PEM_read_PrivateKey(file, nullptr, nullptr, nullptr), EVP_PKEY_free};
    std::fclose(file);
    return key;
}

class HttpServerTls : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = fs::path{::testing::TempDir()} / ("tls-" + std::to_string(::getpid()));
        fs::create_directories(folder_);
        const std::string in = "cd '" + folder_.string() + "' && ";
        const std::string ec = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc ";
        // A root, a server's certificate by it, and two client certificates, of which one is by nobody.
        const auto made = run(
            in + "openssl req -x509 -days 2 -subj /CN=root -addext keyUsage=critical,keyCertSign" + ec +
            "-keyout root.key -out root.pem && openssl req -subj /CN=server" + ec +
            "-keyout server.key -out server.csr && printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n"
            "authorityKeyIdentifier=keyid\\nsubjectKeyIdentifier=hash\\n' > ext && openssl x509 -req -in server.csr "
            "-CA root.pem -CAkey root.key -days 2 "
            "-extfile ext -out server.pem && openssl req -x509 -days 2 -subj /CN=stranger" +
            ec +
            "-keyout client.key -out client.pem && "
            "openssl x509 -in client.pem -outform DER -out client.der");
        ASSERT_EQ(made.status, 0) << made.output;
    }
    static void TearDownTestSuite() { fs::remove_all(folder_); }

    static std::shared_ptr<const TlsContext> context(bool ask_client) {
        auto made = TlsContext::make({.certificate_chain_pem = read(folder_ / "server.pem"),
                                      .key = read_key(folder_ / "server.key").get(),
                                      .ask_client_certificate = ask_client});
        EXPECT_TRUE(made) << made.error().describe();
        return made ? made.value() : nullptr;
    }
    static http_client::Options client_options(bool with_certificate) {
        http_client::Options options;
        options.tls.ca_file = folder_ / "root.pem";
        if (with_certificate)
            options.tls.client_certificate = {.chain_file = folder_ / "client.pem", .key_file = folder_ / "client.key"};
        return options;
    }
    static Result<http_client::Response> get(const RunningServer& server, std::string target,
                                             http_client::Options options) {
        SEALWRIGHT_TRY(auto client, http_client::Client::open(server.tls_url(), std::move(options)));
        return client.send({.target = std::move(target)});
    }
    static fs::path folder_;
};

fs::path HttpServerTls::folder_;

TEST_F(HttpServerTls, AnswersAClientWithoutCertificate) {
    RunningServer server{{.tls = context(true)}};
    auto response = get(server, "/whoami", client_options(false));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_THAT(response.value().body, ::testing::EndsWith("certificate="));
}

TEST_F(HttpServerTls, HandsTheClientsCertificateToTheHandlerWhoeverIssuedIt) {
    RunningServer server{{.tls = context(true)}};
    auto response = get(server, "/whoami", client_options(true));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_THAT(response.value().body,
                ::testing::EndsWith("certificate=" + to_hex(view_of(read(folder_ / "client.der")))));
}

// A key that shows the public half of one key pair and signs with the private half of another: no honest tool makes it.
void write_lying_key(const fs::path& shown, const fs::path& used, const fs::path& out) {
    const auto shown_key = read_key(shown), used_key = read_key(used);
    BIGNUM* scalar = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(used_key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &scalar), 1);
    std::array<std::uint8_t, 133> point{};
    std::size_t size = 0;
    ASSERT_EQ(
        EVP_PKEY_get_octet_string_param(shown_key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size),
        1);
    OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(), size);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar);
    OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    EVP_PKEY* liar = nullptr;
    EVP_PKEY_fromdata_init(context);
    ASSERT_EQ(EVP_PKEY_fromdata(context, &liar, EVP_PKEY_KEYPAIR, parameters), 1);
    std::FILE* file = std::fopen(out.c_str(), "w");
    EXPECT_EQ(PEM_write_PrivateKey(file, liar, nullptr, nullptr, 0, nullptr, nullptr), 1);
    std::fclose(file);
    EVP_PKEY_free(liar);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(scalar);
}

TEST_F(HttpServerTls, RefusesAClientThatDoesNotHoldTheCertificatesKey) {
    RunningServer server{{.tls = context(true)}};
    write_lying_key(folder_ / "client.key", folder_ / "root.key", folder_ / "liar.key");
    auto options = client_options(true);
    options.tls.client_certificate->key_file = folder_ / "liar.key";
    auto response = get(server, "/whoami", options);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::unavailable) << response.error().describe();
    EXPECT_TRUE(RunningServer::wait_for([&] { return server.server().statistics().failed_handshakes == 1; }));
    EXPECT_TRUE(server.observed().empty());
}

TEST_F(HttpServerTls, DoesNotAskForACertificateUnlessTold) {
    RunningServer server{{.tls = context(false)}};
    auto response = get(server, "/whoami", client_options(true));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_THAT(response.value().body, ::testing::EndsWith("certificate="));
}

TEST_F(HttpServerTls, IsRefusedByAClientThatDoesNotTrustItsIssuer) {
    RunningServer server{{.tls = context(true)}};
    auto options = client_options(false);
    options.tls.ca_file = folder_ / "client.pem";
    auto response = get(server, "/hello", options);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::unauthenticated);
    options = client_options(false);
    options.tls.server_name = "other.example.org";
    auto other_name = get(server, "/hello", options);
    ASSERT_FALSE(other_name);
    EXPECT_EQ(other_name.error().code(), ErrorCode::unauthenticated);
}

TEST_F(HttpServerTls, SpeaksTls13AndNothingOlder) {
    RunningServer server{{.tls = context(true)}};
    const std::string connect = "cd '" + folder_.string() +
                                "' && openssl s_client -connect 127.0.0.1:" + std::to_string(server.port()) +
                                " -CAfile root.pem -brief ";
    const auto modern = run(connect + "-tls1_3");
    EXPECT_THAT(modern.output, HasSubstr("TLSv1.3"));
    const auto old = run(connect + "-tls1_2");
    EXPECT_THAT(old.output, Not(HasSubstr("CONNECTION ESTABLISHED")));
    EXPECT_NE(old.status, 0);
}

TEST_F(HttpServerTls, GivesNoTicketToResumeASessionWith) {
    RunningServer server{{.tls = context(true)}};
    const std::string in = "cd '" + folder_.string() + "' && ";
    const auto first =
        run(in + "(printf 'GET /hello HTTP/1.0\\r\\n\\r\\n'; sleep 0.3) | openssl s_client -connect 127.0.0.1:" +
            std::to_string(server.port()) + " -CAfile root.pem -sess_out session.pem -ign_eof");
    EXPECT_THAT(first.output, HasSubstr("hello"));
    EXPECT_THAT(first.output, Not(HasSubstr("New Session Ticket")));
}

TEST_F(HttpServerTls, IsUnderstoodByCurl) {
    RunningServer server{{.tls = context(true)}};
    const auto result = run("cd '" + folder_.string() + "' && curl -sS --max-time 5 --cacert root.pem -d abc " +
                            server.tls_url() + "/echo " + server.tls_url() + "/echo");
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.output, "abcabc");
}

TEST_F(HttpServerTls, SendsALargeAnswerWhole) {
    RunningServer server{{.tls = context(true)}};
    auto response = get(server, "/big", client_options(false));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response.value().body.size(), 5U << 20U);
}

TEST_F(HttpServerTls, GivesUpAHandshakeThatDoesNotGoOn) {
    RunningServer server{{.limits = {.handshake = std::chrono::milliseconds{150}}, .tls = context(true)}};
    RawConnection silent{server.port()};
    EXPECT_EQ(silent.read_all(), "");
    EXPECT_TRUE(silent.closed());
    RawConnection plain{server.port()};
    plain.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(plain.read_all(), Not(HasSubstr("hello")));
    EXPECT_TRUE(RunningServer::wait_for([&] { return server.server().statistics().failed_handshakes == 2; }));
}

TEST_F(HttpServerTls, CutsOffAHandshakeWhenItStops) {
    RunningServer server{{.tls = context(true)}};
    RawConnection silent{server.port()};
    ASSERT_TRUE(RunningServer::wait_for([&] { return server.server().statistics().connections == 1; }));
    const auto start = std::chrono::steady_clock::now();
    server.server().stop(std::chrono::milliseconds{50});
    EXPECT_EQ(server.server().statistics().connections, 0U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2});
}

TEST_F(HttpServerTls, RefusesAChainAndAKeyThatDoNotBelongTogether) {
    auto wrong_key = TlsContext::make(
        {.certificate_chain_pem = read(folder_ / "server.pem"), .key = read_key(folder_ / "client.key").get()});
    ASSERT_FALSE(wrong_key);
    EXPECT_EQ(wrong_key.error().code(), ErrorCode::config);
    auto no_chain =
        TlsContext::make({.certificate_chain_pem = "nothing", .key = read_key(folder_ / "server.key").get()});
    ASSERT_FALSE(no_chain);
    EXPECT_EQ(no_chain.error().code(), ErrorCode::config);
}

}  // namespace
}  // namespace sealwright::http_server
