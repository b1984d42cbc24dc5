// The queue of the signer's server: which token gets which task, over locations whose processes are this test.
#include "hsm/signer_process/task_queue.hpp"

#include <gtest/gtest.h>

#include "hsm/signer_process/packet_socket.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

class Task final : public TokenTask {
public:
    Task(const KeyId& key, Kind kind, std::optional<ErrorCode>& refusal)
        : TokenTask(SteadyClock::now() + seconds{10}), key_(key), kind_(kind), refusal_(refusal) {}
    const KeyId& key() const noexcept override { return key_; }
    const crypto::SignatureAlgorithm& algorithm() const noexcept override { return algorithm_; }
    Kind kind() const noexcept override { return kind_; }
    ByteView octets() const noexcept override { return octets_; }
    bool is_wanted() const noexcept override { return true; }
    void succeed(Bytes) noexcept override {}
    void refuse(const Error& why) noexcept override { refusal_ = why.code(); }
    void lose_sight(const Error& why) noexcept override { refusal_ = why.code(); }

private:
    const KeyId key_;
    const Kind kind_;
    std::optional<ErrorCode>& refusal_;
    const crypto::SignatureAlgorithm algorithm_ = crypto::default_algorithm(crypto::KeyType::ec_p256);
    const Bytes octets_ = Bytes(32, 1);
};

class TaskQueueTest : public ::testing::Test {
protected:
    TaskQueueTest() {
        for (std::uint8_t number = 0; number < 2; ++number) {
            locations_.emplace_back(number, configuration_);
            auto pair = make_packet_pair().value();
            theirs_.push_back(std::move(pair.theirs));
            Location& location = locations_.back();
            location.begin(std::make_shared<TokenConnection>(
                               TokenConnection{std::move(pair.ours), StartedMarks::create().value()}),
                           1);
            location.state = LocationState::up;
        }
    }
    // submit gives why the task was refused, if it was.
    std::optional<ErrorCode> submit(TokenTask::Kind kind) {
        TaskQueue::Endings endings;
        queue_.submit({std::make_shared<Task>(key_, kind, refusal_)}, endings);
        return told(endings);
    }
    std::optional<ErrorCode> told(TaskQueue::Endings& endings) {
        for (const auto& ending : endings) ending();
        return std::exchange(refusal_, std::nullopt);
    }

    const KeyId key_ = KeyId::from(Bytes(KeyId::kSize, 3)).value();
    const TokenConfiguration configuration_;
    NullLog log_;
    std::vector<Descriptor> theirs_;
    std::vector<Location> locations_;
    TaskQueue queue_{locations_, 16, log_};
    std::optional<ErrorCode> refusal_;
};

TEST_F(TaskQueueTest, GivesADigestToATokenThatTakesDigests) {
    locations_[0].add_key(key_, false);
    locations_[1].add_key(key_, true);
    EXPECT_EQ(submit(TokenTask::Kind::digest), std::nullopt);
    EXPECT_TRUE(locations_[0].is_idle());
    EXPECT_FALSE(locations_[1].is_idle());
    // A message goes to the first, which hashes itself.
    EXPECT_EQ(submit(TokenTask::Kind::message), std::nullopt);
    EXPECT_FALSE(locations_[0].is_idle());
}

TEST_F(TaskQueueTest, LetsADigestWaitForTheTokenThatTakesIt) {
    locations_[0].add_key(key_, false);
    locations_[1].add_key(key_, true);
    locations_[1].state = LocationState::down;
    locations_[1].down_since = SteadyClock::now();
    EXPECT_EQ(submit(TokenTask::Kind::digest), std::nullopt);
    EXPECT_TRUE(locations_[0].is_idle());
    EXPECT_EQ(queue_.size(), 1U);
    TaskQueue::Endings endings;
    queue_.refuse_late(SteadyClock::now() + seconds{1}, endings);
    EXPECT_EQ(told(endings), std::nullopt);
    // As every task whose tokens stay away.
    queue_.refuse_late(SteadyClock::now() + seconds{4}, endings);
    EXPECT_EQ(told(endings), ErrorCode::unavailable);
    EXPECT_TRUE(queue_.is_empty());
}

TEST_F(TaskQueueTest, RefusesADigestAtOnceThatNoTokenTakes) {
    locations_[0].add_key(key_, false);
    EXPECT_EQ(submit(TokenTask::Kind::digest), ErrorCode::unavailable);
    EXPECT_EQ(submit(TokenTask::Kind::message), std::nullopt);
    EXPECT_FALSE(locations_[0].is_idle());
}

TEST_F(TaskQueueTest, RemembersWhatATokenCannotWhileItIsGone) {
    locations_[0].add_key(key_, false);
    locations_[0].begin(locations_[0].connection(), 2);
    EXPECT_FALSE(locations_[0].serves(key_));
    EXPECT_FALSE(locations_[0].signs_digests(key_));
    locations_[0].add_key(key_, true);  // another module, say
    EXPECT_TRUE(locations_[0].signs_digests(key_));
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
