// A daemon was taken over. What it gets from the signer beside its keys' limits (stolen_daemon_limits_test.cpp): no
// signature twice, no more than its share, nothing by garbage, and no journal that it could alter; and how the true one
// goes on.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "hsm/signer_process/journal.hpp"
#include "stolen_site.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::HasSubstr;

TEST_F(Stolen, GetsNoIntentSignedTwiceNotEvenAfterAKill) {
    start();
    Ask ask = certificate();
    crypto::SystemRandom random;
    ask.intent = crypto::random_id<IntentId>(random);
    Ask same_intent = certificate();
    same_intent.intent = ask.intent;
    {
        StolenDaemon daemon{house().socket().string()};
        daemon.fence(kNode, 1);
        expect_signed(daemon, ask);
        EXPECT_EQ(daemon.sign(head_of(ask), ask.tbs).code, ErrorCode::conflict);
        EXPECT_EQ(daemon.sign(head_of(same_intent), same_intent.tbs).code, ErrorCode::conflict);
        signer_.kill(SIGKILL);
        signer_.wait();
    }
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    EXPECT_EQ(daemon.sign(head_of(ask), ask.tbs).code, ErrorCode::conflict);
    expect_signed(daemon, certificate());
    signer_.kill(SIGTERM);
    ASSERT_EQ(signer_.wait(), 0);
    auto journaled = test::signed_in_journal(house().journal());
    // The kill may have come before the first result was durable; the intent was.
    ASSERT_TRUE(journaled.contains(*ask.intent));
    journaled[*ask.intent].signature = signed_[*ask.intent].signature;
    EXPECT_EQ(journaled, signed_);
}

TEST_F(Stolen, CannotSpeakForABootThatIsFencedOffNorJumpAhead) {
    start();
    StolenDaemon old{house().socket().string()};
    EXPECT_FALSE(old.fence(kNode, 5).closed);
    expect_signed(old, certificate());
    StolenDaemon young{house().socket().string()};
    young.fence(kNode, 6);
    EXPECT_EQ(sign(old, certificate()).code, ErrorCode::denied);
    expect_signed(young, certificate());
    StolenDaemon late{house().socket().string()};
    EXPECT_EQ(late.fence(kNode, 5).code, ErrorCode::conflict);
    EXPECT_TRUE(sign(late, certificate()).signature.empty());
    // "a boot epoch at most 2^16": or one message would shut the true daemon out for ever.
    StolenDaemon jumper{house().socket().string()};
    EXPECT_NE(jumper.fence(kNode, 6 + 65536 + 1).detail, "");
    EXPECT_TRUE(sign(jumper, certificate()).signature.empty());
    expect_signed(young, certificate());
    StolenDaemon step{house().socket().string()};
    EXPECT_EQ(step.fence(kNode, 6 + 65536).detail, "");
    expect_signed(step, certificate());
    EXPECT_TRUE(sign(young, certificate()).signature.empty());
    stop_and_compare();
}

TEST_F(Stolen, SignsNoMoreInAnHourThanItsKeyMayNotEvenBehindARestart) {
    for (int run = 0; run < 2; ++run) {
        start();
        StolenDaemon daemon{house().socket().string()};
        daemon.fence(kNode, 1);
        std::size_t made = 0;
        for (std::uint64_t i = 1; i <= kMostCheckpoints + 5; ++i)
            made += sign(daemon, checkpoint(static_cast<std::uint64_t>(run) * 100 + i)).signature.empty() ? 0 : 1;
        EXPECT_EQ(made, run == 0 ? kMostCheckpoints : 0U);
        expect_signed(daemon, certificate(), "a key without that limit");
        stop_and_compare();
    }
}

TEST_F(Stolen, SpeaksForTheNodesOfTheConfigurationAlone) {
    configure("nodes = [\"" + kNode.hex() + "\"]\n");
    start();
    StolenDaemon stranger{house().socket().string()};
    EXPECT_EQ(stranger.fence(NodeId::from(Bytes(16, 2)).value(), 1).code, ErrorCode::denied);
    EXPECT_TRUE(sign(stranger, certificate()).signature.empty());
    StolenDaemon daemon{house().socket().string()};
    EXPECT_EQ(daemon.fence(kNode, 1).detail, "");
    expect_signed(daemon, certificate());
    stop_and_compare();
}

TEST_F(Stolen, CannotInventNodesOrBootsWithoutEnd) {
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    const auto node = [](unsigned number) {
        Bytes octets(16, 3);
        octets[0] = static_cast<std::uint8_t>(number);
        octets[1] = static_cast<std::uint8_t>(number >> 8U);
        return NodeId::from(octets).value();
    };
    std::size_t taken = 0;
    for (unsigned i = 0; i < 1000; ++i) taken += daemon.ask(Fence{node(i), BootEpoch{1}}).detail.empty() ? 1 : 0;
    EXPECT_EQ(taken, kMaxNodes - 1);
    // New boots of a node that is known: so many in a minute, and no record more. The minute may turn meanwhile.
    const auto begin = std::chrono::steady_clock::now();
    std::size_t boots = 0;
    for (std::uint64_t i = 2; i < 2000; ++i) boots += daemon.ask(Fence{node(0), BootEpoch{i}}).detail.empty() ? 1 : 0;
    EXPECT_GE(boots, kMaxFencesAMinute - kMaxNodes);
    const auto minutes = std::chrono::floor<std::chrono::minutes>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_LE(boots, (2 + static_cast<std::size_t>(minutes)) * kMaxFencesAMinute);
    EXPECT_LT(std::filesystem::file_size(house().journal()), 200'000U);
    expect_signed(daemon, certificate());
    stop_and_compare();
}

TEST_F(Stolen, CannotFillTheDiskWithRefusals) {
    const auto log = house().folder() / "flooded.log";
    signer_.log_to(log);
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    const auto begin = std::chrono::steady_clock::now();
    Ask unknown = certificate();
    unknown.id = KeyId{};
    for (int i = 0; i < 3000; ++i) EXPECT_EQ(sign(daemon, unknown).code, ErrorCode::not_found);
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
    expect_signed(daemon, certificate());
    stop_and_compare();
    EXPECT_LT(test::lines_of(log), 60U + 2 * static_cast<std::size_t>(seconds + 1));
    EXPECT_THAT(test::read_text(log), HasSubstr("refusals were left out"));
}

TEST_F(Stolen, SignerWhoseClockRanAheadGoesOnWhenAPersonSaysSo) {
    NullLog log;
    const std::string accept = kProgram + " --accept-clock --config " + house().config().string() + " > " +
                               (house().folder() / "accepted").string() + " 2>&1";
    EXPECT_NE(std::system(accept.c_str()), 0) << "there is no journal yet";
    EXPECT_FALSE(std::filesystem::exists(house().journal()));
    {
        const ManualClock ahead{now() + hours{24 * 365}};
        auto journal = Journal::open(house().journal(), ahead, log).value();
        ASSERT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{1}}));
        ASSERT_TRUE(journal->commit());
    }
    // A token's keys are proven by journaled challenges, which the clock stops as well: the signer waits for it, since
    // it may be set right, and signs nothing until then.
    start();
    {
        StolenDaemon early{house().socket().string()};
        early.fence(kNode, 1);
        EXPECT_EQ(sign(early, certificate()).code, ErrorCode::unavailable);
    }
    EXPECT_NE(std::system(accept.c_str()), 0) << "a signer that waits has the journal";
    signer_.kill(SIGTERM);
    ASSERT_EQ(signer_.wait(), 0);
    ASSERT_EQ(std::system(accept.c_str()), 0) << test::read_text(house().folder() / "accepted");
    EXPECT_THAT(test::read_text(house().folder() / "accepted"), HasSubstr("accepted the clock"));
    start();
    EXPECT_NE(std::system(accept.c_str()), 0) << "a signer that runs has the journal";
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    expect_signed(daemon, certificate());
    stop_and_compare();
    ASSERT_EQ(std::system(accept.c_str()), 0);
    EXPECT_THAT(test::read_text(house().folder() / "accepted"), HasSubstr("nothing was changed"));
}

// docs/operations/stolen-daemon.md: what the true daemon does when the thief is gone.
TEST_F(Stolen, LeavesNumbersBehindWhichTheTrueDaemonGoesOnByTheManual) {
    std::uint64_t epoch = 1;
    crl_number_ = 10;
    start();
    {
        StolenDaemon honest{house().socket().string()};
        honest.fence(kNode, epoch);
        expect_signed(honest, crl());
        expect_signed(honest, checkpoint(100));
        expect_signed(honest, certificate());
        // The thief takes all that one message can take, of each.
        StolenDaemon thief{house().socket().string()};
        EXPECT_EQ(thief.fence(kNode, epoch + (1U << 16U)).detail, "");
        expect_signed(thief, crl([&](auto& fields) { fields.number = 11 + (1U << 20U); }));
        expect_signed(thief, checkpoint(1100, 9));
    }
    // 1. The true daemon is refused, and told how far the signer is.
    epoch = 2;
    StolenDaemon refused{house().socket().string()};
    const Reply boot = refused.fence(kNode, epoch);
    EXPECT_EQ(boot.code, ErrorCode::conflict);
    EXPECT_THAT(boot.detail, HasSubstr("(65537)"));
    // 2. Its boot goes on behind that.
    StolenDaemon daemon{house().socket().string()};
    EXPECT_EQ(daemon.fence(kNode, 65537 + 1).detail, "");
    expect_signed(daemon, certificate());
    // 3. So does its CRL.
    crl_number_ = 11;
    const Reply list = sign(daemon, crl());
    EXPECT_EQ(list.code, ErrorCode::conflict);
    EXPECT_THAT(list.detail, HasSubstr("(" + std::to_string(11 + (1U << 20U)) + ")"));
    crl_number_ = 11 + (1U << 20U);
    expect_signed(daemon, crl());
    // 4. The log cannot: its sizes are what they are. It gets another origin.
    const Reply head = sign(daemon, checkpoint(101));
    EXPECT_EQ(head.code, ErrorCode::conflict);
    EXPECT_THAT(head.detail, HasSubstr("(1100)"));
    stop_and_compare();
    configure({}, "0600", "ca.test/audit-2");
    start();
    StolenDaemon renamed{house().socket().string()};
    EXPECT_EQ(renamed.fence(kNode, 65537 + 2).detail, "");
    expect_signed(renamed, checkpoint(101, 1, "ca.test/audit-2"));
    expect_signed(renamed, checkpoint(102, 1, "ca.test/audit-2"));
    EXPECT_EQ(sign(renamed, checkpoint(1101)).code, ErrorCode::denied);  // the old log is closed
    expect_signed(renamed, crl());
    expect_signed(renamed, certificate());
    stop_and_compare();
}

TEST_F(Stolen, IsAnsweredInTheOrderInWhichItAsksWhateverComesInOneRead) {
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    // More than are handed over at once, and a question about the last of them in the same write.
    constexpr std::uint64_t kMany = 70, kQuestion = 5000;
    auto [first, asked, frames] = burst(kMany, [] { return certificate(); });
    append_message(frames, kQuestion, ClientMessage{LookUp{asked.back().second.intent, BootEpoch{1}}});
    append_message(frames, kQuestion + 1, ClientMessage{LookUp{head_of(certificate()).intent, BootEpoch{1}}});
    daemon.send(frames);
    const auto state = daemon.reply(kQuestion).state;
    ASSERT_TRUE(state);
    EXPECT_NE(*state, JournalState::never_seen) << "it was asked for before";
    EXPECT_EQ(daemon.reply(kQuestion + 1).state, JournalState::never_seen) << "this one was not";
    for (std::uint64_t i = 0; i < kMany; ++i)
        EXPECT_TRUE(is_signed(asked[i].first, asked[i].second, daemon.reply(first + i))) << i;
    stop_and_compare();
}

TEST_F(Stolen, CannotHoldMoreThanItsShareOfTheSigner) {
    configure("max_outstanding = 8\nmax_connections = 3\n");
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    // More at once than may be outstanding: RSA, which the token makes more slowly than requests are read.
    constexpr std::uint64_t kFlood = 400;
    const Burst all = burst(kFlood, [] { return ca_certificate(1); });
    std::thread flood{[&] { daemon.send(all.frames); }};
    std::size_t made = 0, refused = 0;
    for (std::uint64_t i = 0; i < kFlood; ++i) {
        const Reply reply = daemon.reply(all.first + i);
        made += is_signed(all.asked[i].first, all.asked[i].second, reply) ? 1 : 0;
        refused += reply.code == ErrorCode::overloaded ? 1 : 0;
    }
    flood.join();
    EXPECT_GT(made, 7U);
    EXPECT_GT(refused, 0U);
    EXPECT_EQ(made + refused, kFlood);
    StolenDaemon second{house().socket().string()}, third{house().socket().string()};
    second.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    third.fence(NodeId::from(Bytes(16, 3)).value(), 1);
    StolenDaemon fourth{house().socket().string()};
    fourth.say(1, Hello{});
    EXPECT_TRUE(fourth.reply(1).closed);
    expect_signed(daemon, certificate());
    stop_and_compare();
}

TEST_F(Stolen, GetsNothingByGarbageHugeOrHalfFrames) {
    start();
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    const Ask ask = certificate();
    Bytes whole;
    append_message(whole, 7, ClientMessage{Sign{head_of(ask), ask.tbs}});
    // Half a request, then nothing.
    {
        StolenDaemon half{house().socket().string()};
        half.fence(NodeId::from(Bytes(16, 2)).value(), 1);
        half.send(ByteView{whole}.first(whole.size() / 2));
    }
    // A frame that announces more than there may be; one of no type; one whose payload goes on behind its last field.
    for (const Bytes& garbage : {Bytes{0x7f, 0xff, 0xff, 0xff}, Bytes{0, 0, 0, 9, 0xee, 0, 0, 0, 0, 0, 0, 0, 1},
                                 Bytes{0, 0, 0, 0}, bytes_of(view_of("\x16\x03\x01 hello?"))}) {
        StolenDaemon broken{house().socket().string()};
        broken.fence(NodeId::from(Bytes(16, 2)).value(), 1);
        broken.send(garbage);
        broken.send(Bytes(64, 0x5a));
        EXPECT_TRUE(broken.reply(77).closed);
    }
    Bytes longer = whole;
    longer.push_back(0);
    longer[3] = static_cast<std::uint8_t>(longer[3] + 1);
    StolenDaemon tail{house().socket().string()};
    tail.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    tail.send(longer);  // a certificate with an octet behind it: refused, not signed
    EXPECT_TRUE(tail.reply(7).signature.empty());
    // A CRL in chunks: fewer than announced, more than announced, never ended.
    Ask list = crl();
    StolenDaemon streams{house().socket().string()};
    streams.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    EXPECT_TRUE(streams.sign_streamed(head_of(list), list.tbs, list.tbs.size() + 1).signature.empty());
    streams.say(900, SignBegin{head_of(list), list.tbs.size()});
    const SignHead head = head_of(list);
    is_signed(list, head, streams.sign_streamed(head, list.tbs, list.tbs.size()));
    EXPECT_TRUE(streams.sign_streamed(head_of(list), list.tbs, list.tbs.size() - 1).closed);
    expect_signed(honest, certificate());
    stop_and_compare();
    EXPECT_EQ(signed_.size(), 2U);
}

TEST_F(Stolen, ThatDoesNotReadItsAnswersHarmsNobodyElse) {
    start();
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    StolenDaemon deaf{house().socket().string()};
    deaf.fence(NodeId::from(Bytes(16, 2)).value(), 1);
    Bytes questions;
    for (std::uint64_t i = 0; i < 20000; ++i) append_message(questions, 10 + i, ClientMessage{ListKeys{}});
    std::thread asking{[&] { deaf.send(questions); }};
    for (int i = 0; i < 20; ++i) expect_signed(honest, certificate());
    asking.join();  // the signer hangs up on who does not read
    expect_signed(honest, certificate());
    stop_and_compare();
}

// as_nobody runs something in a process of the user nobody, and says whether it was refused everything. Only system
// calls: a copy of a process with threads.
bool is_refused_to_nobody(const std::function<bool()>& tries) {
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
            ::setresuid(kNobody, kNobody, kNobody) != 0)
            ::_exit(2);
        ::_exit(tries() ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 2);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Stolen, CannotReadOrWriteJournalConfigurationOrPinAsAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "not root: WHAT ANOTHER USER CAN REACH WAS NOT TESTED";
    configure({}, "0666");
    start();
    ASSERT_EQ(::chmod(house().folder().c_str(), 0711), 0);  // the folder can be walked through, and that is all
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    expect_signed(honest, certificate());
    const std::string journal = house().journal(), config = house().config(), pin = house().softhsm().pin_file(),
                      other = house().folder() / "journal.new", tokens = house().folder() / "tokens";
    for (const std::string& path : {journal, config, pin}) {
        EXPECT_EQ(::access(path.c_str(), R_OK | W_OK), 0) << path;  // its own user can
        for (const int flags : {O_RDONLY, O_WRONLY, O_WRONLY | O_APPEND, O_WRONLY | O_TRUNC}) {
            EXPECT_TRUE(is_refused_to_nobody([&] { return ::open(path.c_str(), flags) >= 0; })) << path << flags;
        }
        EXPECT_TRUE(is_refused_to_nobody([&] { return ::unlink(path.c_str()) == 0; })) << path;
        EXPECT_TRUE(is_refused_to_nobody([&] { return ::rename(path.c_str(), other.c_str()) == 0; })) << path;
        EXPECT_TRUE(is_refused_to_nobody([&] { return ::truncate(path.c_str(), 0) == 0; })) << path;
    }
    const std::string memory = "/proc/" + std::to_string(signer_.pid()) + "/mem";
    EXPECT_TRUE(is_refused_to_nobody([&] { return ::open(memory.c_str(), O_RDONLY) >= 0; }));
    ASSERT_GT(signer_.pid(), 0);
    EXPECT_TRUE(is_refused_to_nobody([&] { return ::kill(signer_.pid(), SIGTERM) == 0; }));
    // The socket itself lets everybody in here; the signer does not.
    Bytes hello;
    append_message(hello, 1, ClientMessage{Hello{}});
    const std::string socket = house().socket();
    EXPECT_TRUE(is_refused_to_nobody([&] {
        const auto connected = connect_unix(socket);
        if (!connected) return false;
        std::size_t sent = 0;
        (void)send_all(connected.value().get(), hello, std::chrono::seconds{5}, sent);
        set_receive_timeout(connected.value().get(), std::chrono::seconds{10});
        ReceiveBuffer buffer{2 * kMaxFrame};
        for (;;) {
            ByteView rest = buffer.view();
            const auto frame = next_frame(rest);
            if (frame && frame.value()) {
                const auto message = parse_server_message(*frame.value());
                return message && std::holds_alternative<HelloAnswer>(message.value());
            }
            const auto count = buffer.receive(connected.value().get());
            if (!count || count.value() == 0) return false;
        }
    }));
    expect_signed(honest, certificate());
    stop_and_compare();
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
