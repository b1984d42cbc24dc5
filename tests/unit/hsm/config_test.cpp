#include "hsm/signer_process/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/file.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::HasSubstr;

const std::string kDigest(64, 'a');

const std::string kHead = R"(format = 1
socket = "/run/sealwright/signer.sock"
journal = "journal"
module = "/usr/lib/softhsm/libsofthsm2.so"
allowed_uids = [1000, "root"]
)";
const std::string kToken = R"([token]
serial = "0123"
pin = {credential = "pin"}
)";
const std::string kKey = "[[key]]\nid = \"" + kDigest +
                         "\"\nname = \"issuing\"\npurposes = [\"certificate\", \"crl\"]\nalgorithms = "
                         "[\"ecdsa-sha256\"]\n[key.certificate]\nissuer_sha256 = \"" +
                         kDigest + "\"\nmax_validity = \"90d\"\n[key.crl]\nissuer_sha256 = \"" + kDigest +
                         "\"\nmax_validity = \"7d\"\n";

Result<Configuration> parse(const std::string& text) {
    return parse_configuration(text, "/etc/sealwright", "signer.toml");
}

std::string problem(const std::string& text) {
    const auto parsed = parse(text);
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code(), ErrorCode::config);
    return parsed.error().public_detail();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

const std::string kWhole = kHead + kToken + kKey;

TEST(SignerConfig, ReadsWhatBoundsAStolenDaemon) {
    const std::string node(32, 'b'), rate = "name = \"issuing\"\nmax_per_hour = ";
    const auto parsed = parse("nodes = [\"" + node + "\"]\n" + replaced(kWhole, "name = \"issuing\"", rate + "500"));
    ASSERT_TRUE(parsed) << parsed.error().describe();
    EXPECT_EQ(parsed.value().keys.at(0).max_per_hour, 500U);
    ASSERT_EQ(parsed.value().nodes.size(), 1U);
    EXPECT_EQ(parsed.value().nodes[0].hex(), node);
    EXPECT_FALSE(parse(kWhole).value().keys.at(0).max_per_hour);
    EXPECT_TRUE(parse(kWhole).value().nodes.empty());
    for (const char* wrong : {"0", "-1", "\"many\"", "1000000001"})
        EXPECT_THAT(problem(replaced(kWhole, "name = \"issuing\"", rate + wrong)), HasSubstr("max_per_hour")) << wrong;
    EXPECT_THAT(problem("nodes = [\"abc\"]\n" + kWhole), HasSubstr("no node"));
}

TEST(SignerConfig, ReadsAWholeFile) {
    const auto parsed = parse(kWhole);
    ASSERT_TRUE(parsed) << parsed.error().describe();
    const Configuration& config = parsed.value();
    EXPECT_EQ(config.socket, "/run/sealwright/signer.sock");
    EXPECT_EQ(config.socket_mode, 0660U);
    EXPECT_EQ(config.journal, "/etc/sealwright/journal");
    EXPECT_EQ(config.allowed_uids, (std::vector<unsigned>{1000, 0}));
    EXPECT_EQ(config.tokens.front().pin.kind, PinSource::Kind::credential);
    EXPECT_EQ(config.tokens.front().lanes, 4U);
    EXPECT_EQ(config.deadline, std::chrono::seconds{10});
    ASSERT_EQ(config.keys.size(), 1U);
    EXPECT_EQ(config.keys[0].purposes(), (std::vector{Purpose::certificate, Purpose::crl}));
    EXPECT_EQ(config.keys[0].certificate->max_validity, std::chrono::hours{24 * 90});
    EXPECT_EQ(config.keys[0].certificate->max_backdate, std::chrono::hours{1});
    EXPECT_FALSE(config.keys[0].certificate->ca);
    EXPECT_FALSE(config.keys[0].certificate->ocsp_signing);
}

TEST(SignerConfig, BoundsATokensStartAndItsCalls) {
    const auto with = [](const std::string& line) { return parse(replaced(kWhole, "pin =", line + "\npin =")); };
    const auto read = with("start = \"2m\"\nhang = \"7s\"");
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read.value().tokens.front().start, std::chrono::minutes{2});
    EXPECT_EQ(read.value().tokens.front().hang, std::chrono::seconds{7});
    EXPECT_EQ(parse(kWhole).value().tokens.front().start, std::chrono::seconds{60});
    EXPECT_FALSE(with("start = \"0s\""));
    EXPECT_FALSE(with("hang = \"0s\""));
    EXPECT_FALSE(with("start = 60"));
}

TEST(SignerConfig, ReadsItsOwnExample) {
    auto text = read_text_file("hsm/signer_process/signer.example.toml", 1U << 20U);
    ASSERT_TRUE(text) << text.error().describe();
    EXPECT_EQ(problem(replaced(text.value(), "[\"sealwright\"]", "[\"root\"]")), "accepted");
}

TEST(SignerConfig, NamesFileLineAndKeyOfWhatIsWrong) {
    EXPECT_EQ(problem(replaced(kWhole, "\"7d\"", "\"7 days\"")),
              "signer.toml:19: key[0].crl.max_validity: a duration must read like 90s, 15m, 12h, 7d, 2w or 1y");
    EXPECT_EQ(problem(kHead + "sockets = 1\n" + kToken + kKey), "signer.toml:6: sockets: is not a known key");
    EXPECT_THAT(problem(kHead + kHead), HasSubstr("signer.toml:6: "));
}

TEST(SignerConfig, RefusesUnknownKeysEverywhere) {
    EXPECT_THAT(problem(replaced(kWhole, "serial =", "slot = 1\nserial =")),
                HasSubstr("token.slot: is not a known key"));
    EXPECT_THAT(problem(replaced(kWhole, "name = \"issuing\"", "name = \"issuing\"\nlimit = 1")),
                HasSubstr("key[0].limit: is not a known key"));
    EXPECT_THAT(problem(replaced(kWhole, "max_validity = \"90d\"", "max_validity = \"90d\"\nany = true")),
                HasSubstr("key[0].certificate.any: is not a known key"));
    EXPECT_THAT(problem(replaced(kWhole, "{credential = \"pin\"}", "{credential = \"pin\", value = \"1234\"}")),
                HasSubstr("token.pin.value: is not a known key"));
}

TEST(SignerConfig, NeverTakesAPinAsAValue) {
    EXPECT_NE(problem(replaced(kWhole, "{credential = \"pin\"}", "\"1234\"")), "accepted");
    EXPECT_NE(problem(replaced(kWhole, "{credential = \"pin\"}", "{value = \"1234\"}")), "accepted");
    EXPECT_NE(problem(replaced(kWhole, "{credential = \"pin\"}", "{file = \"a\", fd = 3}")), "accepted");
    EXPECT_EQ(problem(replaced(kWhole, "{credential = \"pin\"}", "{fd = 3}")), "accepted");
    EXPECT_EQ(parse(replaced(kWhole, "{credential = \"pin\"}", "{file = \"pin\"}")).value().tokens.front().pin.name,
              "/etc/sealwright/pin");
    EXPECT_EQ(parse(replaced(kWhole, "pin = {credential = \"pin\"}\n", "")).value().tokens.front().pin.kind,
              PinSource::Kind::prompt);
    EXPECT_NE(problem(replaced(kWhole, "{credential = \"pin\"}", "{credential = \"../pin\"}")), "accepted");
}

std::string with_pin(const std::string& pin) { return replaced(kWhole, "{credential = \"pin\"}", pin); }

TEST(SignerConfig, TakesASealedPinAndKnowsWhichTokenItMustBeFor) {
    const auto pin =
        parse(with_pin("{sealed = \"pin.sealed\", tcti = \"device:/dev/tpm0\"}")).value().tokens.front().pin;
    EXPECT_EQ(pin.kind, PinSource::Kind::sealed);
    EXPECT_EQ(pin.name, "/etc/sealwright/pin.sealed");
    EXPECT_EQ(pin.tcti, "device:/dev/tpm0");
    EXPECT_EQ(pin.token_serial, "0123");
    EXPECT_NE(problem(with_pin("{file = \"pin\", tcti = \"device:/dev/tpm0\"}")), "accepted");
    EXPECT_NE(problem(with_pin("{sealed = \"pin\", file = \"pin\"}")), "accepted");
}

TEST(SignerConfig, TakesAPinInTwoHalvesOfTwoSources) {
    const auto pin = parse(with_pin("{halves = [{prompt = \"Ada\"}, {fd = 3}]}")).value().tokens.front().pin;
    ASSERT_EQ(pin.kind, PinSource::Kind::halves);
    ASSERT_EQ(pin.halves.size(), 2U);
    EXPECT_EQ(pin.halves[0].kind, PinSource::Kind::prompt);
    EXPECT_EQ(pin.halves[0].name, "Ada");
    EXPECT_EQ(pin.halves[1].descriptor, 3);
    EXPECT_EQ(problem(with_pin("{halves = [{prompt = \"Ada\"}, {prompt = \"Grace\"}]}")), "accepted");
    EXPECT_THAT(problem(with_pin("{halves = [{prompt = \"Ada\"}, {prompt = \"Ada\"}]}")),
                HasSubstr("same source twice"));
    EXPECT_THAT(problem(with_pin("{halves = [{fd = 3}, {fd = 3}]}")), HasSubstr("same source twice"));
    EXPECT_THAT(problem(with_pin("{halves = [{fd = 3}]}")), HasSubstr("must be two"));
    EXPECT_THAT(problem(with_pin("{halves = [{fd = 3}, {fd = 4}, {fd = 5}]}")), HasSubstr("must be two"));
    EXPECT_THAT(problem(with_pin("{halves = [{fd = 3}, {halves = [{fd = 4}, {fd = 5}]}]}")),
                HasSubstr("cannot be halved again"));
    EXPECT_THAT(problem(with_pin("{halves = [{fd = 3}, {value = \"1234\"}]}")), HasSubstr("never the PIN itself"));
    EXPECT_THAT(problem(with_pin("{halves = [{fd = 3}, {fd = 4, half = 1}]}")), HasSubstr("is not a known key"));
}

TEST(SignerPin, IsJoinedOfItsHalvesInTheirOrder) {
    const std::string folder = "/tmp/sealwright-pin-" + std::to_string(::getpid());
    std::filesystem::create_directory(folder);
    ASSERT_TRUE(write_file_atomically(folder + "/a", view_of("2718\n"), 0600));
    ASSERT_TRUE(write_file_atomically(folder + "/b", view_of("2818"), 0600));
    const auto half = [&](const std::string& name) {
        PinSource source;
        source.kind = PinSource::Kind::file;
        source.name = folder + "/" + name;
        return source;
    };
    PinSource both;
    both.kind = PinSource::Kind::halves;
    both.halves = {half("a"), half("b")};
    EXPECT_EQ(text_of(obtain_pin(both, "token").value().reveal()), "27182818");
    std::swap(both.halves[0], both.halves[1]);
    EXPECT_EQ(text_of(obtain_pin(both, "token").value().reveal()), "28182718");
    both.halves[1] = half("c");
    EXPECT_EQ(obtain_pin(both, "token").error().code(), ErrorCode::io);
    std::filesystem::remove_all(folder);
}

TEST(SignerConfig, DemandsWhatASignerNeeds) {
    for (const char* line : {"format = 1\n", "socket = \"/run/sealwright/signer.sock\"\n", "journal = \"journal\"\n",
                             "allowed_uids = [1000, \"root\"]\n"}) {
        EXPECT_NE(problem(replaced(kWhole, line, "")), "accepted") << line;
    }
    EXPECT_NE(problem(kHead + kKey), "accepted");
    EXPECT_NE(problem(kHead + kToken), "accepted");
    EXPECT_NE(problem(replaced(kWhole, "format = 1", "format = 2")), "accepted");
    EXPECT_NE(problem(replaced(kWhole, "[1000, \"root\"]", "[]")), "accepted");
    EXPECT_NE(problem(replaced(kWhole, "[1000, \"root\"]", "[-1]")), "accepted");
    EXPECT_NE(problem(replaced(kWhole, "[1000, \"root\"]", "[\"no such user here\"]")), "accepted");
    EXPECT_NE(problem(replaced(kWhole, "serial = \"0123\"\n", "")), "accepted");
}

TEST(SignerConfig, TakesLimitsOfListedPurposesAlone) {
    EXPECT_THAT(problem(replaced(kWhole, "[\"certificate\", \"crl\"]", "[\"certificate\"]")),
                HasSubstr("not among the key's purposes"));
    EXPECT_THAT(problem(replaced(kWhole, "[\"certificate\", \"crl\"]", "[\"certificate\", \"crl\", \"checkpoint\"]")),
                HasSubstr("checkpoint: is missing"));
    EXPECT_THAT(problem(replaced(kWhole, "[\"certificate\", \"crl\"]", "[\"certificate\", \"crl\", \"any\"]")),
                HasSubstr("unknown purpose"));
    EXPECT_TRUE(
        parse(replaced(kWhole, "[\"certificate\", \"crl\"]", "[\"certificate\", \"crl\", \"csr\", \"ocsp\", \"tls\"]"))
            .value()
            .keys[0]
            .ocsp);
    EXPECT_THAT(problem(replaced(kWhole, "ecdsa-sha256", "ecdsa-sha1")), HasSubstr("unknown algorithm"));
    EXPECT_THAT(problem(replaced(kWhole, "max_validity = \"90d\"", "max_validity = \"90d\"\nmax_path_length = 0")),
                HasSubstr("ca = true"));
    EXPECT_EQ(
        problem(replaced(kWhole, "max_validity = \"90d\"", "max_validity = \"90d\"\nca = true\nmax_path_length = 0")),
        "accepted");
}

TEST(SignerConfig, TakesTheEvidenceTemplateOfAKey) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(parse(kWhole).value().keys[0].evidence_templates, Names{"non-extractable-v1"});
    const auto with = [](const char* name) {
        return replaced(kWhole, "name = \"issuing\"", "name = \"issuing\"\nevidence = \"" + std::string{name} + "\"");
    };
    EXPECT_EQ(parse(with("wrap-backup-v1")).value().keys[0].evidence_templates, Names{"wrap-backup-v1"});
    EXPECT_THAT(problem(with("any-v1")), HasSubstr("known are non-extractable-v1"));
    EXPECT_THAT(problem(with("non-extractable-decrypt-v1")), HasSubstr("does not fit"));
    // The original in one token and its restored copy in another.
    const auto with_list = [](const char* list) {
        return replaced(kWhole, "name = \"issuing\"", "name = \"issuing\"\nevidence = " + std::string{list});
    };
    EXPECT_EQ(parse(with_list(R"(["wrap-backup-v1", "wrap-backup-restored-v1"])")).value().keys[0].evidence_templates,
              (Names{"wrap-backup-v1", "wrap-backup-restored-v1"}));
    EXPECT_THAT(problem(with_list("[]")), HasSubstr("not empty"));
    EXPECT_THAT(problem(with_list(R"(["wrap-backup-v1", "any-v1"])")), HasSubstr("known are"));
    EXPECT_THAT(problem(with_list(R"(["wrap-backup-v1", "non-extractable-decrypt-v1"])")), HasSubstr("does not fit"));
}

TEST(SignerConfig, ReadsKeysThatDecryptAndSignMessages) {
    const std::string head = kHead + kToken + "[[key]]\nid = \"" + kDigest + "\"\nname = \"scep\"\n";
    const std::string decrypts = head + "purposes = [\"decrypt\"]\n";
    const std::string schemes = "[key.decrypt]\nschemes = [\"rsa-pkcs1\", \"ecdh\"]\n";
    const auto key = parse(decrypts + schemes).value().keys[0];
    EXPECT_EQ(key.evidence_templates, std::vector<std::string>{"non-extractable-decrypt-v1"});
    EXPECT_EQ(key.decrypt->schemes, (std::vector{DecryptScheme::rsa_pkcs1, DecryptScheme::ecdh}));
    EXPECT_THAT(problem(decrypts), HasSubstr("decrypt: is missing"));
    EXPECT_THAT(problem(decrypts + "[key.decrypt]\nschemes = []\n"), HasSubstr("not empty"));
    EXPECT_THAT(problem(decrypts + "[key.decrypt]\nschemes = [\"raw\"]\n"), HasSubstr("unknown way"));
    EXPECT_THAT(problem(decrypts + "algorithms = [\"rsa-pkcs1-sha256\"]\n" + schemes), HasSubstr("no signatures"));
    EXPECT_THAT(problem(head + "purposes = [\"decrypt\", \"cms\"]\n" + schemes), HasSubstr("nothing else"));

    const std::string signs = head + "purposes = [\"cms\", \"cmp\"]\nalgorithms = [\"ml-dsa-65\"]\n";
    const std::string data = signs + "[key.cms]\ncontent_types = [\"1.2.840.113549.1.7.1\"]\n";
    EXPECT_FALSE(parse(data).value().keys[0].cmp->requests);
    EXPECT_TRUE(parse(data + "[key.cmp]\nrequests = true\n").value().keys[0].cmp->requests);
    EXPECT_EQ(parse(data).value().keys[0].cms->content_types,
              std::vector<Bytes>{from_hex("2a864886f70d010701").value()});
    // Any type would be a time stamp's too: what the key signs is said, never left open.
    EXPECT_THAT(problem(signs), HasSubstr("cms: is missing"));
    EXPECT_THAT(problem(signs + "[key.cms]\n"), HasSubstr("content_types: is missing"));
    EXPECT_THAT(problem(signs + "[key.cms]\ncontent_types = []\n"), HasSubstr("not empty"));
    EXPECT_THAT(problem(signs + "[key.cms]\ncontent_types = [\"data\"]\n"), HasSubstr("no object identifier"));
}

TEST(SignerConfig, RefusesAKeyTwice) {
    EXPECT_THAT(problem(kWhole + kKey), HasSubstr("twice"));
    EXPECT_THAT(problem(kWhole + replaced(kKey, kDigest, std::string(64, 'b'))), HasSubstr("twice"));
    EXPECT_EQ(problem(kWhole + replaced(replaced(kKey, kDigest, std::string(64, 'b')), "issuing", "other")),
              "accepted");
}

TEST(SignerConfig, ReadsKeysFromAFileOfTheirOwn) {
    std::string folder = "/tmp/sealwright-config-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::ofstream{folder + "/keys.toml"} << kKey;
    std::ofstream{folder + "/signer.toml"} << kHead << "keys_file = \"keys.toml\"\n" << kToken;
    const auto parsed = read_configuration(folder + "/signer.toml");
    EXPECT_TRUE(parsed) << parsed.error().describe();
    std::ofstream{folder + "/keys.toml", std::ios::app} << "[token]\nserial = \"1\"\n";
    const auto with_more = read_configuration(folder + "/signer.toml");
    ASSERT_FALSE(with_more);
    EXPECT_THAT(with_more.error().public_detail(), HasSubstr("token: is not a known key"));
    EXPECT_THAT(problem(kHead + "keys_file = \"keys.toml\"\n" + kToken + kKey), HasSubstr("not in both"));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
