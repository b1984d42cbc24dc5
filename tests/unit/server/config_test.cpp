#include "server/config.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace sealwright::server {
namespace {

using ::testing::HasSubstr;

const std::string kMinimal = R"(format = 1
state = "/var/lib/sealwright"
[listen]
https = "127.0.0.1:8443"
http = "[::1]:8080"
admin = "run/admin.sock"
[ca]
certificate = "issuing.pem"
chain = "chain.pem"
[tls]
certificate = "tls.pem"
[ocsp]
certificate = "ocsp.pem"
[audit]
key = "audit.pem"
origin = "ca.example.org/audit"
[signer]
socket = "/run/sealwright/signer.sock"
[profiles]
directory = "profiles"
)";

Result<Config> parse(const std::string& text) { return parse_config(text, "/etc/sealwright/sealwrightd.toml"); }

std::string with(const std::string& from, const std::string& to) {
    std::string text = kMinimal;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Config, TakesTheLeastThatADaemonNeeds) {
    const auto config = parse(kMinimal);
    ASSERT_TRUE(config) << config.error().describe();
    const auto& it = config.value();
    EXPECT_EQ(it.state, "/var/lib/sealwright");
    EXPECT_EQ(it.listen.https->port, 8443);
    EXPECT_EQ(it.listen.http->host, "::1");
    EXPECT_EQ(it.listen.admin, "/etc/sealwright/run/admin.sock") << "relative paths start at the file's folder";
    EXPECT_EQ(it.profiles, "/etc/sealwright/profiles");
    EXPECT_EQ(it.audit.folder, "/var/lib/sealwright/audit");
    EXPECT_EQ(it.crl.validity, hours{24});
    EXPECT_FALSE(it.signer.allow_same_user);
    EXPECT_TRUE(it.urls.empty());
}

TEST(Config, ReadsEverythingElse) {
    const auto config = parse(kMinimal + R"(
[urls]
crl = "http://ca.example.org/crl/issuing.crl"
ocsp = "http://ca.example.org/ocsp"
issuer = "http://ca.example.org/aia/issuing.cer"
[roles]
operator = ["root", 1000]
officer = []
[crl]
validity = "7d"
overlap = "2d"
max_age = "1h"
file = "issuing.crl"
[limits]
workers = 8
queue = 16
max_connections = 10
[issuance]
lease = "45s"
[log]
level = "debug"
)");
    ASSERT_TRUE(config) << config.error().describe();
    const auto& it = config.value();
    EXPECT_EQ(it.urls.at("crl_url"), "http://ca.example.org/crl/issuing.crl");
    EXPECT_EQ(it.roles.at("operator").size(), 2U);
    EXPECT_TRUE(it.roles.at("officer").empty());
    EXPECT_EQ(it.crl.overlap, hours{48});
    EXPECT_EQ(it.limits.workers, 8U);
    EXPECT_EQ(it.lease, seconds{45});
    EXPECT_EQ(it.log_level, LogLevel::debug);
}

struct Wrong {
    const char* name;
    std::string from, to, said;
};

class ConfigRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ConfigRefuses, AndNamesLineAndKey) {
    const auto config = parse(with(GetParam().from, GetParam().to));
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code(), ErrorCode::config);
    EXPECT_THAT(config.error().public_detail(), HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ConfigRefuses,
    ::testing::Values(
        Wrong{"NoToml", "format = 1", "format = = 1", "sealwrightd.toml:1"},
        Wrong{"AnotherFormat", "format = 1", "format = 2", ":1: format: must be 1"},
        Wrong{"NoFormat", "format = 1\n", "", "format: must be 1"},
        Wrong{"UnknownKey", "admin = ", "colour = \"red\"\nadmin = ", ":6: listen.colour: unknown key"},
        Wrong{"UnknownTable", "[ca]", "[more]\nx = 1\n[ca]", "more: unknown key"},
        Wrong{"MissingKey", "origin = \"ca.example.org/audit\"\n", "", "audit.origin: is missing"},
        Wrong{"MissingTable", "[profiles]\ndirectory = \"profiles\"\n", "", "profiles.directory: is missing"},
        Wrong{"WrongKind", "key = \"audit.pem\"", "key = 7", "audit.key: must be a text"},
        Wrong{"EmptyText", "key = \"audit.pem\"", "key = \"\"", "audit.key: must not be empty"},
        Wrong{"NotNumeric", "127.0.0.1:8443", "localhost:8443", ":4: listen.https"},
        Wrong{"PortTooLarge", "127.0.0.1:8443", "127.0.0.1:84430", "listen.https"},
        Wrong{"TlsMissing", "[tls]\ncertificate = \"tls.pem\"\n", "", "tls.certificate: is missing"},
        Wrong{"OriginWithSpace", "ca.example.org/audit", "my audit", "audit.origin"},
        Wrong{"AdminForAll", "admin = ", "admin_mode = 0o666\nadmin = ", "listen.admin_mode"},
        Wrong{"KeyTwice", "origin = ", "origin = \"x\"\norigin = ", "sealwrightd.toml:"},
        Wrong{"HttpsPointer", "[profiles]", "[urls]\ncrl = \"https://ca.example.org/crl\"\n[profiles]",
              "urls.crl: must be an http://"},
        Wrong{"OverlapTooLong", "[profiles]", "[crl]\nvalidity = \"1h\"\noverlap = \"50m\"\n[profiles]", "crl.overlap"},
        Wrong{"NoDuration", "[profiles]", "[crl]\nvalidity = \"soon\"\n[profiles]",
              "crl.validity: a duration must read"},
        Wrong{"TableTwice", "[profiles]", "[ocsp]\n[profiles]", "sealwrightd.toml:"},
        Wrong{"RoleThatIsNone", "[profiles]", "[roles]\nking = [0]\n[profiles]", "roles.king: unknown key"},
        Wrong{"RoleNoList", "[profiles]", "[roles]\nofficer = \"root\"\n[profiles]", "roles.officer: must be a list"},
        Wrong{"RoleNegative", "[profiles]", "[roles]\nofficer = [-1]\n[profiles]", "roles.officer: must be a list"},
        Wrong{"NumberTooLarge", "[profiles]", "[limits]\nworkers = 100000\n[profiles]",
              "limits.workers: must be between"},
        Wrong{"LeaseTooShort", "[profiles]", "[issuance]\nlease = \"10s\"\n[profiles]",
              "issuance.lease: must be longer"},
        Wrong{"LevelThatIsNone", "[profiles]", "[log]\nlevel = \"loud\"\n[profiles]", "log.level"}),
    [](const auto& each) { return std::string{each.param.name}; });

TEST(Config, TellsEveryProblemAtOnce) {
    const auto config = parse("format = 3\nstate = 1\n[listen]\nhttps = \"x\"\nnoise = true\n");
    ASSERT_FALSE(config);
    const auto& text = config.error().public_detail();
    for (const char* each : {"format:", "state:", "listen.https:", "listen.noise:", "listen.admin:", "ca.certificate:",
                             "signer.socket:", "profiles.directory:"}) {
        EXPECT_THAT(text, HasSubstr(each));
    }
    EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 8);
}

TEST(Config, SaysWhichFileIsMissing) {
    const auto config = load_config("/nonexistent/sealwrightd.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code(), ErrorCode::config);
    EXPECT_THAT(config.error().public_detail(), HasSubstr("/nonexistent/sealwrightd.toml"));
}

TEST(Config, TheSampleIsRead) {
    const auto config = load_config("src/server/sealwrightd.example.toml");
    EXPECT_TRUE(config) << config.error().describe();
}

}  // namespace
}  // namespace sealwright::server
