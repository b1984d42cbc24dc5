#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "base/one_shot.hpp"

namespace sealwright {
namespace {

using std::chrono::steady_clock;

TEST(OneShot, WakesWhoWaits) {
    const auto event = std::make_shared<OneShot>();
    int seen = 0, written = 0;
    std::thread waiter{[&, event] {
        event->wait();
        seen = written;
    }};
    written = 7;
    event->fire();
    waiter.join();
    EXPECT_EQ(seen, 7);
}

TEST(OneShot, RemembersThatItHappened) {
    OneShot event;
    EXPECT_FALSE(event.has_fired());
    event.fire();
    EXPECT_TRUE(event.has_fired());
    EXPECT_TRUE(event.wait_until(steady_clock::now() - std::chrono::seconds{1}));
}

TEST(OneShot, GivesUpAtTheDeadline) {
    OneShot event;
    const auto deadline = steady_clock::now() + std::chrono::milliseconds{20};
    EXPECT_FALSE(event.wait_until(deadline));
    EXPECT_GE(steady_clock::now(), deadline);
}

}  // namespace
}  // namespace sealwright
