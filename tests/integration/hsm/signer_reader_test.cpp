// A client that asks and does not read its answers: what it costs the others (nothing), and what comes of it.
#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "stolen_site.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::HasSubstr;
using SteadyClock = std::chrono::steady_clock;

// What an answer may take beside a flood. Each of these takes some milliseconds on a machine of our own; a signer that
// waits for who does not read waits for five seconds at least, each time.
constexpr std::chrono::seconds kSoon{3};
const std::string kUnread = "does not read its answers";

class SignerReader : public Stolen {
protected:
    void SetUp() override {
        Stolen::SetUp();
        signer_.log_to(log());
    }
    void TearDown() override { std::filesystem::remove(log()); }
    static std::filesystem::path log() { return house().folder() / "reader.log"; }

    // Deaf asks the same again and again over connections of its own, and never reads an answer.
    class Deaf {
    public:
        Deaf(std::uint8_t node, Bytes octets)
            : octets_(std::move(octets)), thread_([this, node] {
                  while (!ends_) ask(NodeId::from(Bytes(16, node)).value());
              }) {}
        ~Deaf() { stop(); }
        void stop() {
            ends_ = true;
            if (thread_.joinable()) thread_.join();
        }
        // hung_up: how often the signer closed the connection.
        unsigned hung_up() const { return hung_up_; }

    private:
        void ask(const NodeId& node) {
            StolenDaemon daemon{house().socket().string()};
            if (daemon.fence(node, 1).closed) return;
            while (!ends_) {
                std::size_t sent = 0;
                const auto asked = send_all(daemon.descriptor(), octets_, std::chrono::milliseconds{100}, sent);
                if (asked) continue;
                // A frame that did not go whole is ended first: it is the reading that this one refuses, nothing else.
                ByteView rest = ByteView{octets_}.subspan(sent);
                while (!ends_ && !rest.empty()) {
                    const auto more = send_all(daemon.descriptor(), rest, std::chrono::milliseconds{100}, sent);
                    rest = rest.subspan(sent);
                    if (!more && more.error().code() != ErrorCode::timed_out) {
                        ++hung_up_;
                        return;
                    }
                }
            }
        }

        const Bytes octets_;
        std::atomic<bool> ends_{false};
        std::atomic<unsigned> hung_up_{0};
        std::thread thread_;
    };

    static Bytes questions(std::uint64_t count) {
        Bytes octets;
        for (std::uint64_t i = 0; i < count; ++i)
            append_message(octets, 10 + i, ClientMessage{LookUp{IntentId::from(Bytes(16, 7)).value(), BootEpoch{1}}});
        return octets;
    }

    // unread says how many octets wait for the client in the kernel.
    static int unread(const StolenDaemon& daemon) {
        int octets = 0;
        EXPECT_EQ(::ioctl(daemon.descriptor(), FIONREAD, &octets), 0);
        return octets;
    }
    // clog asks one question after the other, reads nothing, and stops when an answer does not come any more: it waits
    // in the signer. It tells how many it asked, by the numbers from first on.
    static std::uint64_t clog(StolenDaemon& daemon, std::uint64_t first) {
        std::uint64_t asked = 0;
        for (int before = -1, now = 0; now > before && asked < 100000;) {
            before = unread(daemon);
            daemon.say(first + asked++, LookUp{IntentId::from(Bytes(16, 7)).value(), BootEpoch{1}});
            const auto give_up = SteadyClock::now() + std::chrono::milliseconds{1500};
            while ((now = unread(daemon)) == before && SteadyClock::now() < give_up)
                std::this_thread::sleep_for(std::chrono::microseconds{100});
        }
        EXPECT_GT(asked, 20U);
        return asked;
    }

    // time_of asks as one that is honest asks; what the signer has no room for is asked again.
    SteadyClock::duration time_of_signature(StolenDaemon& daemon) {
        const auto begin = SteadyClock::now();
        for (Reply reply; reply.signature.empty();) {
            reply = sign(daemon, certificate());
            if (reply.signature.empty() && (reply.closed || reply.code != ErrorCode::overloaded)) {
                ADD_FAILURE() << "refused: " << reply.detail;
                break;
            }
        }
        return SteadyClock::now() - begin;
    }
    SteadyClock::duration time_of_question(StolenDaemon& daemon) {
        const auto begin = SteadyClock::now();
        const Reply reply = daemon.ask(LookUp{head_of(certificate()).intent, BootEpoch{1}});
        EXPECT_EQ(reply.state, JournalState::never_seen) << reply.detail;
        return SteadyClock::now() - begin;
    }
};

TEST_F(SignerReader, OthersAreAnsweredWhileSomeAskWithoutEndAndReadNothing) {
    start();
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    const pid_t token = signer_.child("signer-token");
    SteadyClock::duration signature{}, question{};
    std::size_t rounds = 0;
    {
        // Each kind of thread that answers: the journal's (questions, and intents that are refused because they were
        // signed), a token's reader (signatures), the client's own (lists of keys).
        Bytes lists;
        for (std::uint64_t i = 0; i < 500; ++i) append_message(lists, 10 + i, ClientMessage{ListKeys{}});
        Deaf asks{2, questions(500)};
        Deaf signs{3, burst(3000, [] { return certificate(); }).frames};
        Deaf lists_keys{4, lists};
        const auto give_up = SteadyClock::now() + std::chrono::seconds{120};
        while ((asks.hung_up() < 1 || signs.hung_up() < 1 || lists_keys.hung_up() < 1) &&
               SteadyClock::now() < give_up) {
            signature = std::max(signature, time_of_signature(honest));
            question = std::max(question, time_of_question(honest));
            ++rounds;
        }
        EXPECT_GE(asks.hung_up(), 1U);
        EXPECT_GE(signs.hung_up(), 1U);
        EXPECT_GE(lists_keys.hung_up(), 1U);
    }
    const auto count = [](auto time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time).count(); };
    std::cout << rounds << " rounds, the slowest signature " << count(signature) << " ms, question " << count(question)
              << " ms" << std::endl;
    EXPECT_LT(signature, kSoon);
    EXPECT_LT(question, kSoon);
    EXPECT_EQ(signer_.child("signer-token"), token) << "a token that is well was ended";
    EXPECT_LT(time_of_signature(honest), kSoon);
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0);
    const std::string said = test::read_text(log());
    EXPECT_THAT(said, HasSubstr(kUnread));
    EXPECT_THAT(said, HasSubstr("pid " + std::to_string(::getpid()))) << "nobody could find the program";
    // Beside what the flood got: nothing that the honest one got is missing in the journal.
    const auto journaled = test::signed_in_journal(house().journal());
    for (const auto& [intent, what] : signed_) {
        ASSERT_TRUE(journaled.contains(intent));
        EXPECT_EQ(journaled.at(intent), what);
    }
}

TEST_F(SignerReader, WhoReadsLateButReadsGetsEveryAnswer) {
    start();
    StolenDaemon late{house().socket().string()};
    late.fence(kNode, 1);
    constexpr std::uint64_t kMany = 30000;  // answers of 23 octets: more than the kernel keeps for a peer
    const Bytes asked = questions(kMany);
    std::thread asking{[&] { late.send(asked); }};
    std::this_thread::sleep_for(std::chrono::seconds{1});
    for (std::uint64_t i = 0; i < kMany; ++i) {
        const Reply reply = late.reply(10 + i);
        ASSERT_FALSE(reply.closed) << "after " << i;
        ASSERT_EQ(reply.state, JournalState::never_seen);
        if (i == kMany / 2) std::this_thread::sleep_for(std::chrono::seconds{1});
    }
    asking.join();
    // Lists come from the connection's own thread, and are longer.
    Bytes lists;
    for (std::uint64_t i = 0; i < kMany; ++i) append_message(lists, 100000 + i, ClientMessage{ListKeys{}});
    std::thread listing{[&] { late.send(lists); }};
    std::this_thread::sleep_for(std::chrono::seconds{1});
    for (std::uint64_t i = 0; i < kMany; ++i) ASSERT_FALSE(late.reply(100000 + i).closed) << "after " << i;
    listing.join();
    expect_signed(late, certificate());
    stop_and_compare();
    EXPECT_THAT(test::read_text(log()), ::testing::Not(HasSubstr(kUnread)));
}

// The thread of such a connection waits for more requests, which do not come: it has to be told of what is left over.
TEST_F(SignerReader, WhoAsksAndFallsSilentGetsTheRestWhenItReadsAndIsClosedWhenItDoesNot) {
    start();
    StolenDaemon reads{house().socket().string()}, never{house().socket().string()};
    reads.fence(kNode, 1);
    never.fence(kNode, 1);
    const std::uint64_t asked = clog(reads, 1000);
    for (std::uint64_t i = 0; i < asked; ++i)
        ASSERT_EQ(reads.reply(1000 + i).state, JournalState::never_seen) << i << " of " << asked;
    EXPECT_THAT(test::read_text(log()), ::testing::Not(HasSubstr(kUnread)));

    const std::uint64_t in_vain = clog(never, 1000);
    const auto give_up = SteadyClock::now() + std::chrono::seconds{30};
    while (test::read_text(log()).find(kUnread) == std::string::npos && SteadyClock::now() < give_up)
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_THAT(test::read_text(log()), HasSubstr(kUnread));
    // What the kernel had taken is there, the rest is not.
    std::uint64_t got = 0;
    while (got < in_vain && !never.reply(1000 + got).closed) ++got;
    EXPECT_GT(got, 0U);
    EXPECT_LT(got, in_vain);
    expect_signed(reads, certificate());
    stop_and_compare();
}

TEST_F(SignerReader, WhoAsksAndGoesIsForgotten) {
    start();
    const Bytes asked = questions(20000);
    const auto give_up = SteadyClock::now() + std::chrono::seconds{60};
    unsigned gone = 0;
    while (gone < 40 && SteadyClock::now() < give_up) {  // more than there may be connections
        StolenDaemon daemon{house().socket().string()};
        if (daemon.fence(kNode, 1).closed) {  // the signer may be about to notice that the last ones are gone
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
            continue;
        }
        std::size_t sent = 0;
        (void)send_all(daemon.descriptor(), asked, std::chrono::milliseconds{20}, sent);
        ++gone;
    }
    EXPECT_EQ(gone, 40U);
    StolenDaemon honest{house().socket().string()};
    honest.fence(kNode, 1);
    EXPECT_LT(time_of_question(honest), kSoon);
    expect_signed(honest, certificate());
    stop_and_compare();
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
