#include "hsm/signer_process/refusal_log.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::ElementsAre;

class Lines final : public Log {
public:
    void write(LogLevel, std::string_view, std::string_view text) noexcept override { lines.emplace_back(text); }
    std::vector<std::string> lines;
};

TEST(RefusalLogTest, PassesABurstThenALineASecondThatSaysHowManyWereLeftOut) {
    Lines lines;
    std::chrono::steady_clock::time_point now{};
    {
        RefusalLog log{lines, [&] { return now; }};
        for (unsigned i = 0; i < RefusalLog::kBurst + 5; ++i) log.warning("signer", "refused");
        EXPECT_EQ(lines.lines.size(), RefusalLog::kBurst);
        lines.lines.clear();
        now += std::chrono::seconds{1};
        log.warning("signer", "first");
        log.warning("signer", "second");
        EXPECT_THAT(lines.lines, ElementsAre("5 lines of refusals were left out", "first"));
        lines.lines.clear();
        now += std::chrono::hours{10};
        for (unsigned i = 0; i < 100; ++i) log.warning("signer", "refused");
        EXPECT_EQ(lines.lines.size(), RefusalLog::kBurst + 1);
        lines.lines.clear();
    }
    EXPECT_THAT(lines.lines, ElementsAre("80 lines of refusals were left out"));  // when it goes
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
