// Answers that come together leave together, once, and none is left behind.
#include "hsm/signer_process/requester.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sealwright::hsm::signer_process {
namespace {

class Peer final : public Requester, public std::enable_shared_from_this<Peer> {
public:
    bool stands() const noexcept override { return true; }
    void answer(std::uint64_t, const ServerMessage&) noexcept override {
        ++waiting;
        if (!AnswersTogether::hold_back(shared_from_this())) deliver();
    }
    void deliver() noexcept override {
        ++deliveries;
        delivered += std::exchange(waiting, 0);
    }
    int waiting = 0, delivered = 0, deliveries = 0;
};

struct AnswersTogetherTest : testing::Test {
    std::shared_ptr<Peer> first = std::make_shared<Peer>(), second = std::make_shared<Peer>();
};

TEST_F(AnswersTogetherTest, WithoutItEachAnswerLeavesAtOnce) {
    first->answer(1, Done{});
    first->answer(2, Done{});
    EXPECT_EQ(first->delivered, 2);
    EXPECT_EQ(first->deliveries, 2);
}

TEST_F(AnswersTogetherTest, EachPeerGetsOnePiece) {
    {
        const AnswersTogether together;
        for (int i = 0; i < 5; ++i) first->answer(1, Done{});
        second->answer(1, Done{});
        EXPECT_EQ(first->delivered, 0);
    }
    EXPECT_EQ(first->delivered, 5);
    EXPECT_EQ(first->deliveries, 1);
    EXPECT_EQ(second->delivered, 1);
    first->answer(2, Done{});
    EXPECT_EQ(first->delivered, 6) << "nothing is held back behind its end";
}

TEST_F(AnswersTogetherTest, TheInnerOneDeliversItsOwn) {
    const AnswersTogether outer;
    first->answer(1, Done{});
    {
        const AnswersTogether inner;
        second->answer(1, Done{});
    }
    EXPECT_EQ(second->delivered, 1);
    EXPECT_EQ(first->delivered, 0);
    second->answer(2, Done{});
    EXPECT_EQ(second->delivered, 1) << "the outer one holds back again";
}

TEST_F(AnswersTogetherTest, DeliversBehindAnException) {
    try {
        const AnswersTogether together;
        first->answer(1, Done{});
        throw std::runtime_error{"no memory, say"};
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(first->delivered, 1);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
