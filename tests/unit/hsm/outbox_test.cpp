#include "hsm/signer_process/outbox.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using Sent = Outbox::Sent;

struct OutboxTest : testing::Test {
    OutboxTest() {
        int pair[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        ours_ = Descriptor{pair[0]};
        peer_ = Descriptor{pair[1]};
        outbox_ = std::make_unique<Outbox>(ours_.get());
    }
    // answer appends an error whose detail is about a thousand octets, and tells how many wait.
    std::size_t answer(std::uint64_t number) {
        return outbox_->append(number, ErrorAnswer{ErrorCode::denied, std::string(1000, 'd')});
    }
    // clog answers until the kernel takes no more.
    void clog() {
        Sent sent = Sent::all;
        for (; sent == Sent::all; sent = outbox_->send()) answer(asked_++);
        ASSERT_EQ(sent, Sent::left_over);
    }
    // read takes frames off the socket, without waiting, and checks that they come in order.
    std::size_t read(std::size_t most = SIZE_MAX) {
        std::size_t frames = 0;
        while (frames < most) {
            ByteView rest = buffer_.view();
            const auto frame = next_frame(rest).value();
            if (frame) {
                EXPECT_EQ(frame->number, read_++);
                buffer_.keep(rest.size());
                ++frames;
                continue;
            }
            char next = 0;
            if (::recv(peer_.get(), &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) return frames;
            EXPECT_TRUE(buffer_.receive(peer_.get()));
        }
        return frames;
    }

    Descriptor ours_, peer_;
    std::unique_ptr<Outbox> outbox_;
    ReceiveBuffer buffer_{2 * kMaxFrame};
    std::uint64_t asked_ = 0, read_ = 0;
};

TEST_F(OutboxTest, SendsWhatWasAppendedInOnePiece) {
    const std::size_t one = answer(asked_++);
    EXPECT_EQ(answer(asked_++), 2 * one);
    EXPECT_EQ(read(), 0U);
    EXPECT_EQ(outbox_->send(), Sent::all);
    EXPECT_FALSE(outbox_->left());
    EXPECT_EQ(read(), 2U);
    EXPECT_EQ(answer(asked_++), one) << "what was sent does not wait";
}

TEST_F(OutboxTest, LeavesOverWhatThePeerDoesNotTakeAndTellsItOnce) {
    ASSERT_NO_FATAL_FAILURE(clog());
    ASSERT_TRUE(outbox_->left());
    const auto give_up = outbox_->left()->give_up;
    EXPECT_GT(give_up, std::chrono::steady_clock::now());
    EXPECT_LE(give_up, std::chrono::steady_clock::now() + Outbox::kPatience);
    answer(asked_++);
    EXPECT_EQ(outbox_->send(), Sent::all) << "somebody else sends it";
    EXPECT_EQ(outbox_->resume(), Sent::left_over);
    EXPECT_EQ(outbox_->left()->give_up, give_up) << "nothing was taken, and nothing of its time is given back";
    // The peer reads: all of it comes, in order.
    for (int i = 0; i < 1000 && outbox_->left(); ++i) {
        read();
        outbox_->resume();
    }
    read();
    EXPECT_EQ(read_, asked_);
    EXPECT_EQ(outbox_->resume(), Sent::all);
    answer(asked_++);
    EXPECT_EQ(outbox_->send(), Sent::all);
    EXPECT_EQ(read(), 1U) << "it is sent at once again";
}

TEST_F(OutboxTest, APeerThatTakesSomethingHasMoreTime) {
    ASSERT_NO_FATAL_FAILURE(clog());
    while (answer(asked_++) < 1U << 20U) ASSERT_TRUE(outbox_->left());
    const auto before = outbox_->left()->give_up;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    read();
    EXPECT_EQ(outbox_->resume(), Sent::left_over);
    EXPECT_GT(outbox_->left()->give_up, before);
}

TEST_F(OutboxTest, KeepsNoThreadForAPeerThatReadsAsFastAsItIsAnswered) {
    std::atomic<bool> ends{false};
    std::thread reader{[&] {
        Bytes octets(1U << 20U);
        while (!ends) (void)::recv(peer_.get(), octets.data(), octets.size(), MSG_DONTWAIT);
    }};
    while (answer(asked_++) < 2U << 20U) {
    }
    EXPECT_EQ(outbox_->send(), Sent::left_over);
    EXPECT_GT(outbox_->left()->octets, 1U << 20U);
    ends = true;
    reader.join();
}

TEST_F(OutboxTest, HoldsSoMuchAndThenNothing) {
    std::size_t waiting = 0, before = 0;
    while (waiting <= Outbox::kMost) {
        before = waiting;
        EXPECT_FALSE(outbox_->is_overfull());
        waiting = answer(asked_++);
        ASSERT_GT(waiting, before);
    }
    EXPECT_GT(before, Outbox::kMost - 2000);
    EXPECT_TRUE(outbox_->is_overfull());
    EXPECT_EQ(answer(asked_++), 0U);
    EXPECT_EQ(outbox_->send(), Sent::broken);
    EXPECT_EQ(read(), 0U);
}

TEST_F(OutboxTest, DropsWhatWaitsWhenItIsClosed) {
    ASSERT_NO_FATAL_FAILURE(clog());
    outbox_->close();
    EXPECT_FALSE(outbox_->left());
    EXPECT_FALSE(outbox_->is_overfull());
    EXPECT_EQ(outbox_->resume(), Sent::all);
    EXPECT_EQ(answer(asked_++), 0U);
    EXPECT_LT(read(), asked_ - 1);
}

TEST_F(OutboxTest, SaysThatThePeerIsGone) {
    peer_.reset();
    answer(asked_++);
    EXPECT_EQ(outbox_->send(), Sent::broken);
    EXPECT_EQ(answer(asked_++), 0U);
}

TEST_F(OutboxTest, LosesNothingBetweenManyThreadsAndAPeerThatPauses) {
    constexpr unsigned kThreads = 4, kEach = 5000;
    std::atomic<unsigned> wakes{0};
    std::atomic<bool> ends{false};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            for (unsigned n = 0; n < kEach; ++n) {
                // Within what it holds: what waits for room is not the outbox's business.
                while (outbox_->left().value_or(Outbox::Left{}).octets > 1U << 20U) std::this_thread::yield();
                outbox_->append(n, Done{});
                if (outbox_->send() == Sent::left_over) ++wakes;
            }
        });
    }
    std::thread server{[&] {
        while (!ends) {
            if (outbox_->left()) outbox_->resume();
            std::this_thread::yield();
        }
    }};
    std::size_t frames = 0;
    set_receive_timeout(peer_.get(), std::chrono::seconds{20});
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    while (frames < kThreads * kEach) {
        ByteView rest = buffer_.view();
        const auto frame = next_frame(rest);
        EXPECT_TRUE(frame) << "frames are whole";
        if (!frame) break;
        if (frame.value()) {
            ++frames;
            buffer_.keep(rest.size());
            continue;
        }
        if (!buffer_.receive(peer_.get())) break;
    }
    EXPECT_EQ(frames, kThreads * kEach);
    EXPECT_GT(wakes, 0U) << "nothing was left over: the peer did not pause";
    for (auto& thread : threads) thread.join();
    ends = true;
    server.join();
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
