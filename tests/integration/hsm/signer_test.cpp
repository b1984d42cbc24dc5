// sealwright-signer as a process, end to end through its client: what it signs, what it refuses, what it remembers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "hsm/signer_process/unix_socket.hpp"
#include "hsm/signer_process/wire.hpp"
#include "protocol_octets.hpp"
#include "signer_house.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using test::SignerHouse;
using test::SignerProcess;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

const std::string kProgram =
    std::getenv("SEALWRIGHT_TEST_SIGNER") == nullptr ? "" : std::getenv("SEALWRIGHT_TEST_SIGNER");

class SignerTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() { house_ = new SignerHouse; }
    static void TearDownTestSuite() { delete house_; }

    void SetUp() override {
        std::filesystem::remove(house().journal());
        house().write_config();
    }

    static SignerHouse& house() { return *house_; }
    void start() { ASSERT_TRUE(signer_.start(kProgram, house().config())) << "exit status " << signer_.wait(); }
    std::unique_ptr<Client> connect(std::uint64_t epoch = 1) {
        auto client = Client::connect(house().client_options(epoch), log_);
        EXPECT_TRUE(client) << client.error().describe();
        return client ? std::move(client).value() : nullptr;
    }

    // expect_signed asks for a signature and verifies it with the key that OpenSSL and the token agreed on.
    static void expect_signed(Client& client, const std::string& name, Purpose purpose, ByteView tbs) {
        const SignRequest request = house().request(name, purpose, tbs);
        const auto signature = client.sign(request);
        ASSERT_TRUE(signature) << signature.error().describe();
        EXPECT_TRUE(house().key(name).public_key.verify(request.algorithm, tbs, signature.value()));
    }

    static SignerHouse* house_;
    NullLog log_;
    SignerProcess signer_;
};
SignerHouse* SignerTest::house_ = nullptr;

// for_key is a TBS with the signature field of another key than the issuing one's.
Bytes crl_of(const SignerHouse& house, const std::string& name, std::uint64_t number, std::size_t entries) {
    x509::CrlBuilder builder;
    for (std::size_t i = 0; i < entries; ++i) {
        std::array<std::uint8_t, 16> serial{0x40};
        for (std::size_t j = 0; j < 8; ++j) serial[15 - j] = static_cast<std::uint8_t>(i >> (8 * j));
        builder.add({SerialNumber{serial}, SystemClock{}.now() - std::chrono::hours{1},
                     x509::RevocationReason::superseded, std::nullopt});
    }
    x509::CrlFields fields;
    fields.signature_algorithm = crypto::default_algorithm(house.key(name).public_key.type());
    fields.issuer = NameDer{SignerHouse::issuer_name()};
    fields.this_update = SystemClock{}.now();
    fields.next_update = fields.this_update + std::chrono::hours{24};
    fields.authority_key_identifier = Bytes(20, 7);
    fields.number = number;
    return builder.build(fields).bytes();
}

TEST_F(SignerTest, SignsEachPurpose) {
    start();
    const auto client = connect();
    expect_signed(*client, "issuing", Purpose::certificate, house().tbs_certificate(1));
    expect_signed(*client, "issuing", Purpose::crl, house().tbs_crl(1));
    expect_signed(*client, "issuing", Purpose::csr, house().csr_info("issuing"));
    expect_signed(*client, "ocsp", Purpose::ocsp, house().response_data());
    expect_signed(*client, "audit", Purpose::checkpoint, SignerHouse::checkpoint(3));
    expect_signed(*client, "tls", Purpose::tls, SignerHouse::tls_content());
    expect_signed(*client, "messages", Purpose::cms, test::signed_attributes());
    expect_signed(*client, "messages", Purpose::cmp,
                  test::protected_part({crypto::default_algorithm(crypto::KeyType::ec_p256)}));
    const auto keys = client->keys();
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys.value().size(), 8U);
    const auto key = client->public_key(house().key("tls").id);
    ASSERT_TRUE(key);
    EXPECT_EQ(key.value().id(), house().key("tls").id);
    EXPECT_EQ(client->public_key(KeyId{}).error().code(), ErrorCode::not_found);
}

TEST_F(SignerTest, DecryptsByTheKeysAndTheSchemesThatAreAllowed) {
    start();
    const auto client = connect();
    Bytes block = house().encrypted("opener", "a content key of 32 octets......",
                                    "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1");
    DecryptRequest request;
    request.key = house().key("opener").id;
    request.scheme = DecryptScheme::rsa_oaep;
    request.digest = crypto::DigestAlgorithm::sha1;
    request.input = block;
    const auto opened = client->decrypt(request);
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(text_of(opened.value().reveal()), "a content key of 32 octets......");
    block.back() ^= 1U;
    EXPECT_FALSE(client->decrypt(request));
    request.scheme = DecryptScheme::rsa_pkcs1;
    request.secret_size = 32;
    EXPECT_EQ(client->decrypt(request).error().code(), ErrorCode::denied);  // not among the key's schemes
    request.scheme = DecryptScheme::rsa_oaep;
    request.key = house().key("rsa").id;
    EXPECT_EQ(client->decrypt(request).error().code(), ErrorCode::denied);  // a key that signs
    EXPECT_EQ(client->sign(house().request("opener", Purpose::certificate, house().tbs_certificate(1))).error().code(),
              ErrorCode::denied);
}

// found counts where a process has these octets in its memory; -1 where it may not be looked at.
int found(pid_t pid, const std::string& octets) {
    constexpr std::uintptr_t kLargest = 1UL << 30U;  // a sanitizer's shadow is larger, and holds nothing of the kind
    const std::string folder = "/proc/" + std::to_string(pid);
    std::ifstream maps{folder + "/maps"}, memory{folder + "/mem", std::ios::binary};
    if (!maps || !memory) return -1;
    int count = 0;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words{line};
        std::uintptr_t begin = 0, end = 0;
        char dash = 0;
        std::string rights;
        words >> std::hex >> begin >> dash >> end >> rights;
        if (rights.substr(0, 2) != "rw" || end - begin > kLargest) continue;
        std::string there(end - begin, '\0');
        memory.clear();
        memory.seekg(static_cast<std::streamoff>(begin));
        memory.read(there.data(), static_cast<std::streamsize>(there.size()));
        there.resize(static_cast<std::size_t>(std::max<std::streamsize>(memory.gcount(), 0)));
        for (auto at = there.find(octets); at != std::string::npos; at = there.find(octets, at + 1)) ++count;
    }
    return count;
}

TEST_F(SignerTest, LeavesNothingOfWhatWasDecryptedInTheServersMemory) {
    start();
    const auto client = connect();
    const std::string content = "nobody else has this content key";
    const Bytes block =
        house().encrypted("opener", content, "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1");
    DecryptRequest request;
    request.key = house().key("opener").id;
    request.scheme = DecryptScheme::rsa_oaep;
    request.digest = crypto::DigestAlgorithm::sha1;
    request.input = block;
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 32; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 10; ++i) {
                const auto opened = client->decrypt(request);
                good += opened && text_of(opened.value().reveal()) == content ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 320);
    const pid_t server = signer_.child("signer-server");
    if (found(server, "signer.sock") < 0) GTEST_SKIP() << "not root: THE SERVER'S MEMORY WAS NOT LOOKED AT";
    EXPECT_GT(found(server, "signer.sock"), 0) << "the search finds nothing at all";
    // The last answers may be on their way out.
    for (int i = 0; i < 100 && (found(server, content) != 0 || found(server, content.substr(8, 16)) != 0); ++i)
        ::usleep(100000);
    EXPECT_EQ(found(server, content), 0);
    EXPECT_EQ(found(server, content.substr(8, 16)), 0);
}

// What does not decrypt by PKCS#1 v1.5 is answered with a key that stands in for it: the same one, also by the next
// process.
TEST_F(SignerTest, AnswersWhatDoesNotDecryptTheSameAfterItsTokenProcessEnded) {
    house().write_config();
    std::string config = test::read_text(house().config());
    const std::string schemes = "schemes = [\"rsa-oaep\"]";
    config.replace(config.find(schemes), schemes.size(), "schemes = [\"rsa-pkcs1\"]");
    test::write_text(house().config(), config);
    start();
    const auto client = connect();
    Bytes block(256, 0x5a);
    block[0] = 1;
    DecryptRequest request;
    request.key = house().key("opener").id;
    request.scheme = DecryptScheme::rsa_pkcs1;
    request.input = block;
    request.secret_size = 32;
    const auto first = client->decrypt(request);
    ASSERT_TRUE(first) << first.error().describe();
    const pid_t before = signer_.child("signer-token");
    ASSERT_GT(before, 0);
    ::kill(before, SIGKILL);
    Result<Secret> second = fail(ErrorCode::unavailable, "");
    for (int i = 0; i < 3000 && !second; ++i) {
        ::usleep(20000);
        second = client->decrypt(request);
    }
    ASSERT_TRUE(second) << second.error().describe();
    EXPECT_NE(signer_.child("signer-token"), before);
    EXPECT_TRUE(equal(first.value().reveal(), second.value().reveal()));
    EXPECT_EQ(second.value().size(), 32U);
}

TEST_F(SignerTest, StreamsALongCrlForEachKindOfKey) {
    start();
    const auto client = connect();
    for (const char* name : {"issuing", "rsa", "edwards"}) {
        const Bytes tbs = crl_of(house(), name, 1, 5000);
        ASSERT_GT(tbs.size(), 200000U);
        expect_signed(*client, name, Purpose::crl, tbs);
    }
}

long memory_of(pid_t pid) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    }
    return -1;
}

TEST_F(SignerTest, NeverHasALongCrlInMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP()
        << "HOW MUCH MEMORY A LONG CRL TAKES WAS NOT TESTED: a sanitizer keeps what was freed, and shadows of it";
#endif
    start();
    const auto client = connect();
    expect_signed(*client, "issuing", Purpose::crl, house().tbs_crl(1));
    const auto memory = [&] {
        return memory_of(signer_.child("signer-server")) + memory_of(signer_.child("signer-token"));
    };
    const long before = memory();
    const Bytes tbs = crl_of(house(), "issuing", 2, 500000);
    ASSERT_GT(tbs.size(), 15U << 20U);
    expect_signed(*client, "issuing", Purpose::crl, tbs);
    const long after = memory();
    ASSERT_GT(before, 0);
    EXPECT_LT(after - before, 4096) << "kB";
}

TEST_F(SignerTest, RefusesWhatItsKeysMayNotSign) {
    start();
    const auto client = connect();
    const auto refusal = [&](const std::string& name, Purpose purpose, ByteView tbs) {
        const auto signature = client->sign(house().request(name, purpose, tbs));
        return signature
                   ? "signed"
                   : std::string{error_code_name(signature.error().code())} + ": " + signature.error().public_detail();
    };
    Bytes tbs = house().tbs_certificate(1);
    EXPECT_THAT(refusal("issuing", Purpose::ocsp, house().response_data()),
                HasSubstr("denied: this key does not have the purpose ocsp"));
    EXPECT_THAT(refusal("ocsp", Purpose::certificate, tbs), HasSubstr("denied"));
    EXPECT_THAT(refusal("tls", Purpose::tls, tbs), HasSubstr("denied: TLS"));
    EXPECT_THAT(refusal("ocsp", Purpose::ocsp, Bytes{0x30, 0x00}), HasSubstr("OCSP"));
    EXPECT_THAT(refusal("issuing", Purpose::crl, tbs), HasSubstr("malformed"));
    auto other_algorithm = house().request("issuing", Purpose::certificate, tbs);
    other_algorithm.algorithm.digest = crypto::DigestAlgorithm::sha384;
    EXPECT_EQ(client->sign(other_algorithm).error().code(), ErrorCode::denied);
    auto unknown_key = house().request("issuing", Purpose::certificate, tbs);
    unknown_key.key = KeyId{};
    EXPECT_EQ(client->sign(unknown_key).error().code(), ErrorCode::not_found);
    // A refusal in the middle of a stream ends it; the connection goes on.
    Bytes long_and_broken = crl_of(house(), "issuing", 1, 5000);
    long_and_broken[100000] ^= 0xff;
    EXPECT_NE(refusal("issuing", Purpose::crl, long_and_broken), "signed");
    const Bytes long_certificate(100000, 0x30);
    EXPECT_THAT(refusal("issuing", Purpose::certificate, long_certificate), HasSubstr("too_large"));
    EXPECT_EQ(refusal("issuing", Purpose::certificate, tbs), "signed");
}

TEST_F(SignerTest, RemembersIntentsNumbersAndTreesAcrossAKill) {
    start();
    const auto certificate = house().request("issuing", Purpose::certificate, {});
    const Bytes tbs = house().tbs_certificate(1);
    auto request = certificate;
    request.tbs = tbs;
    {
        const auto client = connect();
        ASSERT_TRUE(client->sign(request));
        expect_signed(*client, "issuing", Purpose::crl, house().tbs_crl(7));
        expect_signed(*client, "audit", Purpose::checkpoint, SignerHouse::checkpoint(10, 1));
        signer_.kill(SIGKILL);
        signer_.wait();
    }
    start();
    const auto client = connect(2);
    EXPECT_EQ(client->sign(request).error().code(), ErrorCode::conflict);
    const Bytes seven = house().tbs_crl(7), eight = house().tbs_crl(8), nine = SignerHouse::checkpoint(9, 1),
                fork = SignerHouse::checkpoint(10, 2);
    EXPECT_EQ(client->sign(house().request("issuing", Purpose::crl, seven)).error().code(), ErrorCode::conflict);
    EXPECT_TRUE(client->sign(house().request("issuing", Purpose::crl, eight)));
    EXPECT_EQ(client->sign(house().request("audit", Purpose::checkpoint, nine)).error().code(), ErrorCode::conflict);
    EXPECT_EQ(client->sign(house().request("audit", Purpose::checkpoint, fork)).error().code(), ErrorCode::conflict);
    expect_signed(*client, "audit", Purpose::checkpoint, SignerHouse::checkpoint(10, 1));
    expect_signed(*client, "audit", Purpose::checkpoint, SignerHouse::checkpoint(11, 2));
    // A result may still have been on its way when the process was killed; never is the intent forgotten.
    EXPECT_NE(client->look_up(request.intent, BootEpoch{1}).value(), JournalState::never_seen);
    EXPECT_EQ(client->look_up(IntentId{}, BootEpoch{1}).value(), JournalState::never_seen);
}

TEST_F(SignerTest, ALostJournalNeverSaysThatItHasNotSeenAnIntent) {
    start();
    const auto young = connect(1);
    EXPECT_EQ(young->look_up(IntentId{}, BootEpoch{1}).value(), JournalState::never_seen);
    // Another node, whose first boots this journal did not see.
    auto options = house().client_options(4);
    options.node = NodeId::from(Bytes(16, 0x77)).value();
    const auto old = Client::connect(options, log_);
    ASSERT_TRUE(old);
    EXPECT_EQ(old.value()->look_up(IntentId{}, BootEpoch{3}).value(), JournalState::may_have_signed);
    EXPECT_EQ(old.value()->look_up(IntentId{}, BootEpoch{4}).value(), JournalState::never_seen);
}

TEST_F(SignerTest, FencesOffOlderEpochs) {
    start();
    const auto old_client = connect(1);
    const Bytes tbs = house().tbs_certificate(1);
    ASSERT_TRUE(old_client->sign(house().request("issuing", Purpose::certificate, tbs)));
    const auto new_client = connect(2);
    EXPECT_EQ(old_client->sign(house().request("issuing", Purpose::certificate, tbs)).error().code(),
              ErrorCode::denied);
    EXPECT_TRUE(new_client->sign(house().request("issuing", Purpose::certificate, tbs)));
    const auto too_late = Client::connect(house().client_options(1), log_);
    ASSERT_FALSE(too_late);
    EXPECT_EQ(too_late.error().code(), ErrorCode::conflict);
    auto other_node = house().client_options(1);
    other_node.node = NodeId::from(Bytes(16, 0x55)).value();
    EXPECT_TRUE(Client::connect(other_node, log_));
    EXPECT_TRUE(new_client->fence(house().client_options().node, BootEpoch{3}));
    EXPECT_EQ(new_client->sign(house().request("issuing", Purpose::certificate, tbs)).error().code(),
              ErrorCode::denied);
}

// One lane has 16 slots; every key signs a challenge before the token comes up.
TEST_F(SignerTest, ServesMoreKeysThanALaneHasSlots) {
    constexpr std::size_t kMany = 18;
    auto module = pkcs11::Module::load(house().softhsm().module());
    ASSERT_TRUE(module) << module.error().describe();
    auto token = pkcs11::Token::open(module.value(), {{}, "signer"}, test::SoftHsm::pin());
    ASSERT_TRUE(token) << token.error().describe();
    std::vector<pkcs11::TokenKey> keys;
    for (std::size_t i = 0; i < kMany; ++i) {
        auto key = token.value()->generate(
            {crypto::KeyType::ec_p384, 0, "many" + std::to_string(i), "non-extractable-v1", {}});
        ASSERT_TRUE(key) << key.error().describe();
        keys.push_back(key.value());
    }
    std::string config = test::read_text(house().config());
    config.resize(config.find("\n[[key]]"));
    config.replace(config.find("lanes = 2"), 9, "lanes = 1");
    for (const auto& key : keys)
        config += "\n[[key]]\nid = \"" + key.id.hex() + "\"\nname = \"" + key.id.hex() +
                  "\"\npurposes = [\"tls\"]\nalgorithms = [\"ecdsa-sha384\"]\n";
    test::write_text(house().config(), config);
    start();
    const auto client = connect();
    const Bytes content = SignerHouse::tls_content();
    for (const auto& key : keys) {
        SignRequest request = house().request("tls", Purpose::tls, content);
        request.key = key.id;
        const auto signature = client->sign(request);
        ASSERT_TRUE(signature) << signature.error().describe();
        EXPECT_TRUE(key.public_key.verify(request.algorithm, request.tbs, signature.value()));
    }
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0);
    for (const auto& key : keys) EXPECT_TRUE(token.value()->destroy(key.id));
}

TEST_F(SignerTest, RefusesUsersThatItDoesNotName) {
    house().write_config({}, {});
    std::string config = test::read_text(house().config());
    const std::string mine = "allowed_uids = [" + std::to_string(::getuid()) + "]";
    config.replace(config.find(mine), mine.size(), "allowed_uids = [64321]");
    test::write_text(house().config(), config);
    start();
    const auto client = Client::connect(house().client_options(), log_);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code(), ErrorCode::denied);
}

TEST_F(SignerTest, IsRefusedByAClientThatWantsAnotherUser) {
    start();
    auto options = house().client_options();
    options.expect_same_user = false;
    const auto client = Client::connect(options, log_);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code(), ErrorCode::denied);
}

TEST_F(SignerTest, IsFoundAgainByItsClient) {
    start();
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    ASSERT_TRUE(client->sign(house().request("issuing", Purpose::certificate, tbs)));
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0);
    EXPECT_FALSE(std::filesystem::exists(house().socket()));
    const auto down = client->sign(house().request("issuing", Purpose::certificate, tbs));
    ASSERT_FALSE(down);
    EXPECT_EQ(down.error().code(), ErrorCode::unavailable);
    EXPECT_FALSE(client->connected());
    start();
    for (int i = 0; i < 1000 && !client->connected(); ++i) ::usleep(10000);
    EXPECT_TRUE(client->sign(house().request("issuing", Purpose::certificate, tbs)));
}

TEST_F(SignerTest, RefusesToSignWhileItsJournalCannotGrowAndResumes) {
    start();
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    ASSERT_TRUE(client->sign(house().request("issuing", Purpose::certificate, tbs)));
    // The result has a commit of its own.
    std::uintmax_t size = 0;
    while (size != std::filesystem::file_size(house().journal())) {
        size = std::filesystem::file_size(house().journal());
        ::usleep(500000);
    }
    const rlimit full{size + 20, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(signer_.child("signer-server"), RLIMIT_FSIZE, &full, nullptr), 0);
    const auto refused = house().request("issuing", Purpose::certificate, tbs);
    for (int i = 0; i < 3; ++i) {
        const auto signature = client->sign(refused);
        ASSERT_FALSE(signature);
        EXPECT_EQ(signature.error().code(), ErrorCode::storage);
    }
    EXPECT_EQ(std::filesystem::file_size(house().journal()), size);
    EXPECT_EQ(client->look_up(refused.intent, BootEpoch{1}).value(), JournalState::never_seen);
    const rlimit free{RLIM_INFINITY, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(signer_.child("signer-server"), RLIMIT_FSIZE, &free, nullptr), 0);
    EXPECT_TRUE(client->sign(refused));
}

TEST_F(SignerTest, TriesAWrongPinOnceAndSaysSoByItsExitStatus) {
    test::write_text(house().softhsm().pin_file(), "00000000");
    EXPECT_FALSE(signer_.start(kProgram, house().config()));
    EXPECT_EQ(signer_.wait(), 3);
    test::write_text(house().softhsm().pin_file(), test::SoftHsm::kPin);
    start();
}

TEST_F(SignerTest, ChecksWhatItsConfigurationNames) {
    const auto log = house().folder() / "log";
    // The log is what the program says on both of its outputs.
    const auto check = [&] {
        const std::string command = kProgram + " --check --config " + house().config().string();
        const int status = std::system((command + " >" + log.string() + " 2>&1").c_str());
        return std::pair{WEXITSTATUS(status), test::read_text(log)};
    };
    EXPECT_THAT(check(), Pair(0, HasSubstr("1 tokens")));
    house().write_config("/nowhere/module.so");
    EXPECT_THAT(check(), Pair(1, AllOf(HasSubstr("/nowhere/module.so cannot be read"), Not(HasSubstr("1 tokens")))));
    house().write_config();
    std::string config = test::read_text(house().config());
    const std::string name = "name = \"issuing\"\n";
    config.replace(config.find(name), name.size(), name + "locations = [\"of nobody\"]\n");
    test::write_text(house().config(), config);
    EXPECT_THAT(check(), Pair(1, HasSubstr("issuing was enrolled in of nobody and nowhere else")));
    // And so says the start, before it makes a process or reads a PIN.
    signer_.log_to(log);
    EXPECT_FALSE(signer_.start(kProgram, house().config()));
    EXPECT_EQ(signer_.wait(), 1);
    EXPECT_THAT(test::read_text(log), AllOf(HasSubstr("issuing was enrolled in of nobody"), Not(HasSubstr("signer-"))));
}

TEST_F(SignerTest, DoesNotStartOnADamagedJournal) {
    start();
    {
        const auto client = connect();
        const Bytes tbs = house().tbs_certificate(1);
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->sign(house().request("issuing", Purpose::certificate, tbs)));
    }
    signer_.kill(SIGTERM);
    ASSERT_EQ(signer_.wait(), 0);
    std::string journal = test::read_text(house().journal());
    journal[200] = static_cast<char>(journal[200] ^ 1);
    test::write_text(house().journal(), journal);
    EXPECT_FALSE(signer_.start(kProgram, house().config()));
    EXPECT_EQ(signer_.wait(), 1);
}

TEST_F(SignerTest, DoesNotStartTwiceOrWithoutItsKeys) {
    start();
    SignerProcess second;
    EXPECT_FALSE(second.start(kProgram, house().config()));
    EXPECT_EQ(second.wait(), 1);
    signer_.kill(SIGTERM);
    ASSERT_EQ(signer_.wait(), 0);
    std::string config = test::read_text(house().config());
    const std::string id = house().key("tls").id.hex();
    config.replace(config.find(id), id.size(), std::string(64, '5'));
    test::write_text(house().config(), config);
    EXPECT_FALSE(signer_.start(kProgram, house().config()));
    EXPECT_EQ(signer_.wait(), 1);
}

TEST_F(SignerTest, MakesItsSocketWithTheModeThatIsAskedFor) {
    start();
    struct stat status {};
    ASSERT_EQ(::stat(house().socket().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(house().journal().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

// A client that says something else than the protocol is told so and left; the others go on.
TEST_F(SignerTest, LeavesWhoeverBreaksTheProtocol) {
    start();
    const auto client = connect();
    const auto answer_to = [&](const Bytes& octets) -> Result<ServerMessage> {
        auto socket = connect_unix(house().socket().string());
        std::size_t sent = 0;
        SEALWRIGHT_TRY(send_all(socket.value().get(), octets, std::chrono::seconds{5}, sent));
        ReceiveBuffer buffer{2 * kMaxFrame};
        set_receive_timeout(socket.value().get(), std::chrono::seconds{10});
        std::optional<ServerMessage> last;
        static Bytes kept;  // the messages' views
        for (;;) {
            ByteView rest = buffer.view();
            SEALWRIGHT_TRY(const auto frame, next_frame(rest));
            if (frame) {
                kept = bytes_of(frame->payload);
                SEALWRIGHT_TRY(auto message, parse_server_message(Frame{frame->type, frame->number, kept}));
                // The fence is answered by another thread, perhaps behind the refusal.
                if (!last || !std::holds_alternative<ErrorAnswer>(*last)) last = std::move(message);
                buffer.keep(rest.size());
                continue;
            }
            SEALWRIGHT_TRY(const auto count, buffer.receive(socket.value().get()));
            if (count == 0) break;
        }
        if (!last) return fail(ErrorCode::internal, "closed without a word");
        return *last;
    };
    const auto refusal = [&](const Bytes& octets) {
        const auto answer = answer_to(octets);
        if (!answer) return answer.error().describe();
        const auto* error = std::get_if<ErrorAnswer>(&answer.value());
        return error == nullptr ? std::string{"no error"} : error->detail;
    };
    Bytes hello, fence, sign, hello_of_another_version;
    append_message(hello, 0, ClientMessage{Hello{}});
    append_message(hello_of_another_version, 0, ClientMessage{Hello{99}});
    append_message(fence, 0, ClientMessage{Fence{NodeId{}, BootEpoch{1}}});
    SignHead head;
    append_message(sign, 1, ClientMessage{Sign{head, Bytes{1}}});
    EXPECT_THAT(refusal(bytes_of(view_of("GET / HTTP/1.1\r\n\r\n"))), HasSubstr("signer protocol"));
    EXPECT_THAT(refusal(fence), HasSubstr("first message is hello"));
    EXPECT_THAT(refusal(hello_of_another_version), HasSubstr("version 1"));
    Bytes unfenced = hello;
    append(unfenced, sign);
    EXPECT_THAT(refusal(unfenced), HasSubstr("second message is fence"));
    Bytes twice = hello;
    append(twice, fence);
    append(twice, hello);
    EXPECT_THAT(refusal(twice), HasSubstr("hello twice"));
    Bytes huge = hello;
    append(huge, Bytes{0x7f, 0xff, 0xff, 0xff});
    EXPECT_THAT(refusal(huge), HasSubstr("131072"));
    const Bytes tbs = house().tbs_certificate(1);
    EXPECT_TRUE(client->sign(house().request("issuing", Purpose::certificate, tbs)));
}

TEST_F(SignerTest, ServesManyThreadsOverOneConnection) {
    start();
    const auto client = connect();
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 16; ++t) {
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 0; i < 20; ++i) {
                const Bytes tbs = house().tbs_certificate(static_cast<std::uint64_t>(t) * 1000 + i + 1);
                const auto request = house().request("issuing", Purpose::certificate, tbs);
                const auto signature = client->sign(request);
                good += signature && house().key("issuing").public_key.verify(request.algorithm, tbs, signature.value())
                            ? 1
                            : 0;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 320);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
