// How tasks become packets for one token: every lane has its share, and a token that signs fast is not sent one by one.
#include "hsm/signer_process/location.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "hsm/signer_process/packet_socket.hpp"

namespace sealwright::hsm::signer_process {
namespace {

class Task final : public TokenTask {
public:
    Task() : TokenTask(std::chrono::steady_clock::now() + std::chrono::minutes{1}) {}
    const KeyId& key() const noexcept override { return key_; }
    const crypto::SignatureAlgorithm& algorithm() const noexcept override { return algorithm_; }
    Kind kind() const noexcept override { return Kind::message; }
    ByteView octets() const noexcept override { return octets_; }
    bool is_wanted() const noexcept override { return true; }
    void succeed(Bytes) noexcept override {}
    void refuse(const Error&) noexcept override {}
    void lose_sight(const Error&) noexcept override {}

private:
    const KeyId key_{};
    const crypto::SignatureAlgorithm algorithm_ = crypto::default_algorithm(crypto::KeyType::ec_p256);
    const Bytes octets_ = Bytes(300, 7);
};

// Token is a location, and the other end of its socket.
class Token {
public:
    explicit Token(unsigned lanes) {
        configuration_.label = "some token";
        configuration_.lanes = lanes;
        auto pair = make_packet_pair();
        auto marks = StartedMarks::create();
        if (!pair || !marks) throw std::runtime_error{"no packet pair"};
        process_ = std::move(pair.value().theirs);
        location_.begin(
            std::make_shared<TokenConnection>(TokenConnection{std::move(pair.value().ours), std::move(marks).value()}),
            1);
    }

    Location& location() { return location_; }

    // paced has the location believe that one signature takes so long.
    void paced(std::uint32_t microseconds) {
        for (int i = 0; i < 200; ++i) location_.note_duration(microseconds, 1);
    }

    void assign(std::size_t tasks) {
        for (std::size_t i = 0; i < tasks; ++i) location_.assign(std::make_shared<Task>());
        EXPECT_TRUE(location_.flush().empty());
    }

    // packets takes what was sent, and says how many jobs each packet has.
    std::vector<std::size_t> packets() {
        std::vector<std::size_t> sizes;
        PacketReceiver receiver{kMaxPacket};
        for (char octet = 0; ::recv(process_.get(), &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;) {
            const auto packet = receiver.receive(process_.get());
            const auto jobs = parse_token_jobs(packet.value().octets);
            sizes.push_back(jobs.value().jobs.size());
            for (const TokenJob& job : jobs.value().jobs) asked_.push_back({job.slot, job.ticket, std::nullopt, {}});
        }
        return sizes;
    }

    // finish answers so many of what packets took, oldest first.
    void finish(std::size_t tasks) {
        for (std::size_t i = 0; i < tasks; ++i) {
            EXPECT_NE(location_.finish(asked_.front()), nullptr);
            asked_.pop_front();
        }
    }

    void go_away() { process_.reset(); }

private:
    TokenConfiguration configuration_;
    Location location_{0, configuration_};
    Descriptor process_;
    std::deque<TokenResult> asked_;
};

std::size_t largest(const std::vector<std::size_t>& sizes) { return *std::max_element(sizes.begin(), sizes.end()); }

TEST(Location, SendsASlowTokenOneByOne) {
    Token token{4};
    token.paced(700);
    EXPECT_EQ(token.location().room(), 8U);
    token.assign(8);
    EXPECT_EQ(token.packets(), std::vector<std::size_t>(8, 1));
    EXPECT_EQ(token.location().room(), 0U);
    token.finish(1);
    EXPECT_EQ(token.location().room(), 1U) << "a lane of a slow token must not wait for the others";
}

TEST(Location, KeepsEveryLaneOfAFastTokenBusy) {
    Token token{4};
    token.paced(100);
    token.assign(8);
    EXPECT_EQ(token.packets().size(), 8U);
    // What comes while eight are under way is shared as well, and not given to one lane.
    token.assign(8);
    const auto sizes = token.packets();
    EXPECT_GE(sizes.size(), 4U);
    EXPECT_EQ(largest(sizes), 2U);
}

TEST(Location, RefillsAFastTokenWhenHalfIsDone) {
    Token token{4};
    token.paced(50);
    const std::size_t bound = token.location().room();
    ASSERT_EQ(bound, 64U);
    token.assign(bound);
    EXPECT_EQ(largest(token.packets()), 8U);
    EXPECT_FALSE(token.location().is_refilling()) << "it is full";
    token.finish(bound / 2 - 1);
    EXPECT_EQ(token.location().room(), 0U);
    EXPECT_TRUE(token.location().is_refilling());
    token.finish(1);
    EXPECT_FALSE(token.location().is_refilling());
    EXPECT_EQ(token.location().room(), bound / 2);
    // Below the half it takes what comes.
    token.assign(1);
    EXPECT_EQ(token.location().room(), bound / 2 - 1);
}

TEST(Location, ATokenThatGotSlowWhileItWasFullTakesTasksAgain) {
    Token token{2};
    token.paced(50);
    token.assign(32);
    (void)token.packets();
    token.paced(3000);
    token.finish(29);
    EXPECT_EQ(token.location().room(), 1U);
}

TEST(Location, HasRoomForAllItsLanesWhereSlotsAreScarce) {
    Token token{256};
    token.paced(50);
    EXPECT_EQ(token.location().room(), kMaxSlots);
    token.assign(kMaxSlots);
    EXPECT_EQ(largest(token.packets()), 1U);
    token.finish(1);
    EXPECT_EQ(token.location().room(), 1U);
}

TEST(Location, GivesBackWhatCouldNotBeSent) {
    Token token{4};
    token.paced(50);
    token.go_away();
    for (int i = 0; i < 64; ++i) token.location().assign(std::make_shared<Task>());
    EXPECT_EQ(token.location().flush().size(), 64U);
    EXPECT_TRUE(token.location().is_idle());
    EXPECT_EQ(token.location().room(), 64U) << "nothing is under way: it is neither full nor refilling";
}

TEST(Location, TellsWorkBeyondItsLanesAsBacklog) {
    Token token{4};
    token.paced(100);
    token.assign(4);
    EXPECT_EQ(token.location().backlog().count(), 0) << "each lane has one, and none has two";
    token.assign(8);
    const auto backlog = token.location().backlog().count();  // 8 x 100 us on 4 lanes
    EXPECT_GE(backlog, 190);
    EXPECT_LE(backlog, 210);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
