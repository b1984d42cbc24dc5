// The smaller parts of the daemon, each alone.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "audit/checkpoint.hpp"
#include "base/file.hpp"
#include "server/checkpointer.hpp"
#include "server/crl_timer.hpp"
#include "server/identity.hpp"
#include "server/keyed_buckets.hpp"
#include "server/metrics.hpp"
#include "server/notify.hpp"
#include "server/readiness.hpp"
#include "server/root_crl_file.hpp"
#include "server/signer_link.hpp"
#include "server/state_lock.hpp"
#include "server/token_bucket.hpp"
#include "support/fake_store.hpp"
#include "support/recording_log.hpp"
#include "support/seeded_random.hpp"
#include "support/test_ca.hpp"

namespace sealwright::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

const UtcTime kNow = from_rfc3339("2026-11-22T12:00:00Z").value();

template <class Condition>
bool wait_for(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(milliseconds{5});
    }
    return false;
}

class Folder : public ::testing::Test {
protected:
    Folder() : path(std::filesystem::path{::testing::TempDir()} / ("server-" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~Folder() override { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

TEST(Readiness, HasOneReasonATopic) {
    Readiness readiness;
    EXPECT_TRUE(readiness.ready());
    readiness.set("signer", "gone");
    readiness.set("signer", "still gone");
    readiness.update("store", false, "full");
    EXPECT_THAT(readiness.reasons(), ::testing::ElementsAre("still gone", "full"));
    readiness.update("store", true, "full");
    readiness.clear("signer");
    readiness.clear("nothing");
    EXPECT_TRUE(readiness.ready());
}

TEST(TokenBucket, LetsABurstThroughAndThenKeepsItsRate) {
    TokenBucket bucket{10, 3};
    const auto start = std::chrono::steady_clock::now() + seconds{1};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take_at(start));
    EXPECT_FALSE(bucket.take_at(start));
    EXPECT_TRUE(bucket.take_at(start + milliseconds{100}));
    EXPECT_FALSE(bucket.take_at(start + milliseconds{100}));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take_at(start + seconds{60}));
    EXPECT_FALSE(bucket.take_at(start + seconds{60})) << "it does not save more than its burst";
}

TEST(KeyedBuckets, GivesEachItsOwnRateAndForgetsWhoWasLongestAway) {
    KeyedBuckets buckets{1, 2, 2};
    const auto start = std::chrono::steady_clock::now() + seconds{1};
    EXPECT_TRUE(buckets.take_at("a", start));
    EXPECT_TRUE(buckets.take_at("a", start));
    EXPECT_FALSE(buckets.take_at("a", start));
    EXPECT_TRUE(buckets.take_at("b", start)) << "another's use costs nothing";
    EXPECT_FALSE(buckets.take_at("a", start));
    EXPECT_TRUE(buckets.take_at("c", start));  // b is forgotten, a is not
    EXPECT_FALSE(buckets.take_at("a", start));
    EXPECT_TRUE(buckets.take_at("a", start + seconds{1}));
}

using StateLockTest = Folder;

TEST_F(StateLockTest, IsForOneProcessAtATime) {
    const auto state = path / "state";
    {
        auto lock = StateLock::take(state);
        ASSERT_TRUE(lock) << lock.error().describe();
        auto second = StateLock::take(state);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code(), ErrorCode::conflict);
    }
    EXPECT_TRUE(StateLock::take(state));
    EXPECT_EQ(std::filesystem::status(state).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_all);
}

TEST(Identities, GiveRolesByNameAndByNumber) {
    auto identities = Identities::make(
        {{"operator", {std::string{"root"}, std::uint32_t{4711}}}, {"auditor", {std::uint32_t{4711}}}});
    ASSERT_TRUE(identities) << identities.error().describe();
    const auto root = identities.value().identify({.uid = 0, .gid = 0, .pid = 5});
    EXPECT_EQ(root.user, "root");
    EXPECT_EQ(root.pid, 5);
    EXPECT_THAT(root.roles, ::testing::ElementsAre("operator"));
    EXPECT_THAT(identities.value().identify({.uid = 4711}).roles,
                ::testing::UnorderedElementsAre("operator", "auditor"));
    EXPECT_TRUE(identities.value().identify({.uid = 4712}).roles.empty());
}

TEST(Identities, RefuseAUserThatTheSystemDoesNotKnow) {
    const auto identities =
        Identities::make({{"officer", {std::string{"no-such-user"}}}, {"auditor", {std::string{"nor-this-one"}}}});
    ASSERT_FALSE(identities);
    EXPECT_THAT(identities.error().public_detail(), HasSubstr("roles.officer: the system knows no user no-such-user"));
    EXPECT_THAT(identities.error().public_detail(), HasSubstr("nor-this-one"));
}

TEST(Periodic, RunsAtOnceAgainWhenWokenAndNotAfterItsEnd) {
    NullLog log;
    std::atomic<int> runs{0};
    Periodic periodic{"test", log, [&] { return ++runs, std::chrono::hours{1}; }};
    EXPECT_TRUE(wait_for([&] { return runs == 1; }));
    periodic.wake();
    EXPECT_TRUE(wait_for([&] { return runs == 2; }));
    periodic.stop();
    periodic.wake();
    std::this_thread::sleep_for(milliseconds{20});
    EXPECT_EQ(runs, 2);
}

TEST(Periodic, SurvivesAnException) {
    test::RecordingLog log;
    std::atomic<int> runs{0};
    Periodic periodic{"test", log, [&]() -> milliseconds {
                          if (++runs == 1) throw std::runtime_error("broken");
                          return std::chrono::hours{1};
                      }};
    EXPECT_TRUE(wait_for([&] { return log.mentions("broken", LogLevel::error); }));
    periodic.wake();
    EXPECT_TRUE(wait_for([&] { return runs == 2; }));
}

TEST(SignerLink, IsUnavailableUntilTheSignerIsThere) {
    NullLog log;
    hsm::signer_process::ClientOptions options;
    options.socket_path = "/nonexistent/signer.sock";
    options.deadline = milliseconds{50};
    SignerLink link{options, log};
    EXPECT_FALSE(link.connected());
    EXPECT_FALSE(link.connect());
    const auto signature = link.sign({});
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code(), ErrorCode::unavailable);
    EXPECT_EQ(link.look_up({}, BootEpoch{1}).error().code(), ErrorCode::unavailable);
    EXPECT_EQ(link.fence({}, {}).error().code(), ErrorCode::unavailable);
    EXPECT_EQ(link.public_key({}).error().code(), ErrorCode::unavailable);
    EXPECT_FALSE(link.check_keys({}));
}

struct CrlFixture : ::testing::Test {
    CrlFixture() { ASSERT_OR_THROW(publisher.settle()); }
    static void ASSERT_OR_THROW(const Result<void>& result) {
        if (!result) throw std::runtime_error(result.error().describe());
    }
    CrlTimer timer() {
        return CrlTimer{publisher, store, ca.authority.key.id(), clock, log, [this] { return may_sign.load(); }};
    }
    void revoke_one() {
        issuance::Engine engine{ca.authority,
                                {{"tls-server", test::load_profile(test::profile_text("tls-server"))}},
                                {.node = {}, .lease = seconds{30}, .signer_ready = {}},
                                store,
                                ca.signer,
                                clock,
                                random,
                                log};
        auto csr = test::make_csr(device, device_key, {});
        auto outcome =
            engine.issue({.principal = policy::LocalPrincipal{.uid = 0, .pid = 1, .user = "root", .roles = {}},
                          .channel = policy::Channel::admin_socket,
                          .peer = "local",
                          .profile = "tls-server",
                          .requested = profile::requested_content(csr).value(),
                          .proof = issuance::CsrProof{csr}});
        if (!outcome) throw std::runtime_error(outcome.error().describe());
        ASSERT_OR_THROW(store.revoke(std::get<issuance::Issued>(outcome.value()).serial,
                                     {clock.now(), x509::RevocationReason::superseded, {}}, {}));
    }
    std::uint64_t number() const {
        const auto current = publisher.current();
        return current ? current->number : 0;
    }

    ManualClock clock{kNow};
    test::SeededRandom random{7};
    test::RecordingLog log;
    test::TestCa ca{kNow};
    test::SoftwareSigner device;
    crypto::PublicKey device_key = device.add_key(crypto::KeyType::ec_p256);
    test::FakeStore store;
    std::atomic<bool> may_sign{true};
    issuance::CrlPublisher publisher{ca.authority, {}, {}, store, ca.signer, clock, random, log};
};

TEST_F(CrlFixture, ThePublisherMakesTheFirstCrlAndThenWaits) {
    auto running = timer();
    EXPECT_TRUE(wait_for([&] { return number() != 0; }));
    const auto first = number();
    std::this_thread::sleep_for(milliseconds{150});
    EXPECT_EQ(number(), first);
}

TEST_F(CrlFixture, WaitsForTheSigner) {
    may_sign = false;
    auto running = timer();
    std::this_thread::sleep_for(milliseconds{150});
    EXPECT_EQ(number(), 0U);
    may_sign = true;
    EXPECT_TRUE(wait_for([&] { return number() != 0; }));
}

TEST_F(CrlFixture, MakesANewOneAfterAChange) {
    auto running = timer();
    ASSERT_TRUE(wait_for([&] { return number() != 0; }));
    const auto first = number();
    revoke_one();
    running.changed();
    EXPECT_TRUE(wait_for([&] { return number() > first; }));
    EXPECT_EQ(publisher.current()->entries, 1U);
}

TEST_F(CrlFixture, MakesTheNextInTime) {
    auto running = timer();
    ASSERT_TRUE(wait_for([&] { return number() != 0; }));
    const auto first = number();
    running.stop();
    clock.set(publisher.due());
    auto later = timer();
    EXPECT_TRUE(wait_for([&] { return number() > first; }));
}

TEST_F(CrlFixture, CatchesUpWithWhatTheLastBootDidNotPublish) {
    ASSERT_OR_THROW(publisher.publish_now() ? Result<void>{success()} : Result<void>{fail(ErrorCode::internal)});
    const auto first = number();
    EXPECT_FALSE(crl_is_behind(store, ca.authority.key.id(), *publisher.current(), clock.now()).value());
    revoke_one();
    EXPECT_TRUE(crl_is_behind(store, ca.authority.key.id(), *publisher.current(), clock.now()).value());
    auto running = timer();
    EXPECT_TRUE(wait_for([&] { return number() > first; }));
    EXPECT_EQ(publisher.current()->entries, 1U);
}

TEST_F(CrlFixture, TriesAgainAfterAFailure) {
    ca.signer.fail_next(fail(ErrorCode::token, "the token is busy"));
    auto running = timer();
    EXPECT_TRUE(wait_for([&] { return running.failures() == 1; }));
    EXPECT_TRUE(wait_for([&] { return number() != 0; }));
    EXPECT_EQ(running.failures(), 0U);
}

struct CheckpointerTest : Folder {
    Checkpointer checkpointer() {
        return Checkpointer{{"ca.example.org/audit", audit_key, path / "audit"}, store, signer, random, log};
    }
    void add_entry() {
        audit::Event event;
        event.kind = audit::EventKind::profile_loaded;
        event.time = kNow;
        ASSERT_TRUE(store.record({event}, kNow));
    }
    test::SeededRandom random{7};
    test::RecordingLog log;
    test::SoftwareSigner signer;
    crypto::PublicKey audit_key = signer.add_key(crypto::KeyType::ed25519);
    test::FakeStore store;
};

TEST_F(CheckpointerTest, SignsTheHeadOnceAndAgainWhenItHasMoved) {
    auto keeper = checkpointer();
    add_entry();
    const auto first = keeper.checkpoint();
    ASSERT_TRUE(first) << first.error().describe();
    EXPECT_EQ(first.value().size, 1U);
    EXPECT_EQ(audit::verify_checkpoint(first.value().note, "ca.example.org/audit", audit_key).value(),
              store.audit_head().value());
    EXPECT_EQ(keeper.checkpoint().value().note, first.value().note);
    EXPECT_EQ(signer.signatures_made(), 1U);
    add_entry();
    EXPECT_EQ(keeper.checkpoint().value().size, 2U);
    EXPECT_EQ(store.latest_checkpoint().value(), keeper.checkpoint().value().note);
}

TEST_F(CheckpointerTest, ExportsTheLogAndGoesOnAfterARestart) {
    for (int i = 0; i < 300; ++i) add_entry();
    {
        auto keeper = checkpointer();
        ASSERT_TRUE(keeper.checkpoint_and_export());
    }
    EXPECT_TRUE(std::filesystem::exists(path / "audit/tile/entries/000"));
    for (int i = 0; i < 300; ++i) add_entry();
    const auto full_tile_written = std::filesystem::last_write_time(path / "audit/tile/entries/000");
    auto keeper = checkpointer();
    auto exported = keeper.checkpoint_and_export();
    ASSERT_TRUE(exported) << exported.error().describe();
    EXPECT_TRUE(std::filesystem::exists(path / "audit/tile/entries/001"));
    EXPECT_EQ(std::filesystem::last_write_time(path / "audit/tile/entries/000"), full_tile_written)
        << "full tiles are written once";
    const auto note = read_text_file(path / "audit/checkpoint", 4096).value();
    EXPECT_EQ(audit::verify_checkpoint(note, "ca.example.org/audit", audit_key).value().size, 600U);
}

TEST_F(CheckpointerTest, WritesEverythingWhereTheFolderIsAnotherLogs) {
    add_entry();
    std::filesystem::create_directories(path / "audit");
    std::ofstream{path / "audit/checkpoint"} << "another.example.org/audit\n9\nAAAA\n\n";
    auto keeper = checkpointer();
    ASSERT_TRUE(keeper.checkpoint_and_export());
    EXPECT_TRUE(std::filesystem::exists(path / "audit/tile/entries/000.p/1"));
}

TEST_F(CheckpointerTest, SaysThatTheSignerIsNotThere) {
    add_entry();
    signer.fail_next(fail(ErrorCode::unavailable, "gone"));
    auto keeper = checkpointer();
    EXPECT_EQ(keeper.checkpoint().error().code(), ErrorCode::unavailable);
    EXPECT_TRUE(keeper.checkpoint());
}

TEST(Metrics, CountsRequestsAndTimesIssuance) {
    Metrics metrics;
    metrics.observe({.listener = "https",
                     .method = "POST",
                     .route = "/native/v1/certificates",
                     .status = 201,
                     .duration = milliseconds{3}});
    metrics.observe({.listener = "https",
                     .method = "POST",
                     .route = "/native/v1/certificates",
                     .status = 403,
                     .duration = milliseconds{1}});
    metrics.observe({.listener = "http", .method = "BREW", .route = "", .status = 405, .duration = milliseconds{1}});
    metrics.count_unrecorded_refusal();
    Gauges gauges;
    gauges.now = kNow;
    gauges.status.version = "0.1.0";
    gauges.status.crl = issuance::CrlRecord{
        .number = 9, .issuer_key = {}, .this_update = kNow - seconds{60}, .next_update = kNow, .entries = 2, .der = {}};
    gauges.not_after.emplace("tls", kNow);
    const auto text = metrics.text(gauges);
    EXPECT_THAT(text, HasSubstr("sealwright_http_requests_total{listener=\"https\",method=\"POST\",route=\"/native/v1/"
                                "certificates\",status=\"201\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("method=\"other\",route=\"\",status=\"405\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sealwright_issuance_duration_seconds_bucket{protocol=\"native\",le=\"0.0025\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("sealwright_issuance_duration_seconds_bucket{protocol=\"native\",le=\"0.005\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sealwright_issuance_duration_seconds_count{protocol=\"native\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sealwright_certificate_not_after_seconds{certificate=\"tls\"} 1795348800\n"));
    EXPECT_THAT(text, HasSubstr("sealwright_crl_number 9\n"));
    EXPECT_THAT(text, HasSubstr("sealwright_crl_age_seconds 60\n"));
    EXPECT_THAT(text, HasSubstr("sealwright_refusals_unrecorded_total 1\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE sealwright_issuance_duration_seconds histogram\n"));
}

using NotifierTest = Folder;

TEST_F(NotifierTest, TellsSystemdAndTheDescriptor) {
    const auto socket_path = (path / "notify").string();
    const int receiver = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(receiver, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", socket_path.c_str(), 1);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    NullLog log;
    Notifier notifier{ends[1], log};
    EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr) << "children must not speak for us";
    notifier.ready("serving");
    char buffer[256];
    const auto size = ::recv(receiver, buffer, sizeof buffer, MSG_DONTWAIT);
    ASSERT_GT(size, 0);
    EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(size)), "READY=1\nSTATUS=serving");
    EXPECT_EQ(::read(ends[0], buffer, sizeof buffer), 1);
    EXPECT_EQ(::read(ends[0], buffer, sizeof buffer), 0) << "the descriptor is closed";
    ::close(ends[0]);
    ::close(receiver);
}

struct RootCrlTest : Folder {
    RootCrlTest() {
        const auto key = crypto::PublicKey::parse(ca.root.fields().spki.view()).value();
        x509::CrlBuilder builder;
        const auto algorithm = crypto::default_algorithm(key.type());
        const auto tbs = builder.build({.signature_algorithm = algorithm,
                                        .issuer = ca.root.fields().subject_der,
                                        .this_update = kNow,
                                        .next_update = kNow + std::chrono::hours{24 * 180},
                                        .authority_key_identifier = Bytes(20, 1),
                                        .number = 1,
                                        .distribution_point = {}});
        const auto signature = ca.signer
                                   .sign({.key = key.id(),
                                          .purpose = hsm::Purpose::crl,
                                          .algorithm = algorithm,
                                          .intent = IntentId{},
                                          .tbs = tbs.view()})
                                   .value();
        der = x509::assemble_crl(tbs.view(), algorithm, signature).bytes();
    }
    test::TestCa ca{kNow};
    test::RecordingLog log;
    Bytes der;
};

TEST_F(RootCrlTest, IsServedOnlyIfTheRootHasSignedIt) {
    ASSERT_TRUE(write_file_atomically(path / "root.crl", der));
    RootCrlFile good{path / "root.crl", ca.root, log};
    ASSERT_TRUE(good.current());
    EXPECT_EQ(*good.current()->der, der);
    auto tampered = der;
    tampered.back() ^= 1;
    ASSERT_TRUE(write_file_atomically(path / "bad.crl", tampered));
    RootCrlFile bad{path / "bad.crl", ca.root, log};
    EXPECT_FALSE(bad.current());
    EXPECT_TRUE(log.mentions("bad.crl is not served", LogLevel::warning));
    RootCrlFile missing{path / "none.crl", ca.root, log};
    EXPECT_FALSE(missing.current());
    RootCrlFile unset{"", ca.root, log};
    EXPECT_FALSE(unset.current());
}

}  // namespace
}  // namespace sealwright::server
