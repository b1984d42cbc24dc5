#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "crypto/random.hpp"

namespace sealwright::crypto {
namespace {

class Scripted final : public Random {
public:
    explicit Scripted(std::vector<std::uint8_t> octets) : octets_(std::move(octets)) {}
    void fill(std::span<std::uint8_t> out) override {
        std::fill(out.begin(), out.end(), octets_.at(std::min(next_++, octets_.size() - 1)));
    }
    std::size_t calls() const { return next_; }

private:
    std::vector<std::uint8_t> octets_;
    std::size_t next_ = 0;
};

TEST(Random, ASerialNumberIsNeverZero) {
    Scripted random{{0, 0, 7}};
    EXPECT_EQ(random_serial(random).octets()[0], 7);
    EXPECT_EQ(random.calls(), 3U);
}

TEST(Random, AGeneratorThatGivesZerosAloneIsAnException) {
    Scripted random{{0}};
    EXPECT_THROW((void)random_serial(random), std::runtime_error);
}

TEST(Random, TheSystemsGeneratorDoesNotRepeatItself) {
    SystemRandom random;
    std::set<std::array<std::uint8_t, 16>> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random_serial(random).octets());
    EXPECT_EQ(seen.size(), 1000U);
    Bytes secret(32);
    random.fill_secret(secret);
    EXPECT_NE(secret, Bytes(32));
    random.fill({});
}

}  // namespace
}  // namespace sealwright::crypto
