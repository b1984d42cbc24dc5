// The ceremony's process is killed between two records, at every one of them: what it leaves is readable, incomplete,
// and never continued.
#include <cstdlib>

#include "ceremonies/verifier/ceremony.hpp"
#include "surroundings.hpp"

namespace sealwright::ceremonies::test {
namespace {

using sealwright::test::run_command;
using sealwright::test::TemporaryFolder;
using verifier::Verdict;

// Each ceremony gets a SoftHSM of its own: labels of keys are taken once.
struct Tokens {
    TemporaryFolder folder;
    Tokens() {
        const auto dir = folder.path().string();
        run_command("simulators/softhsm/provision --folder " + dir +
                    "/hsm --init " SEALWRIGHT_SOFTHSM_INIT " --token sealwright-root " + dir + "/root.pin " + dir +
                    "/so.pin" + " --token sealwright-online " + dir + "/online.pin " + dir + "/so.pin");
        std::string text = read_whole("ceremonies/scripts/bindings-softhsm.toml");
        text = replaced(text, "{ prompt = true }", "{ file = \"root.pin\" }");
        text = replaced(text, "{ prompt = true }", "{ file = \"online.pin\" }");
        write_whole(folder.path() / "bindings.toml", replaced(text, "mode = \"rehearsal\"", "mode = \"production\""));
    }
    int hold(int die_at) const {
        const auto dir = folder.path().string();
        const auto command = "SEALWRIGHT_TEST_DIE_AT=" + std::to_string(die_at) + " SOFTHSM2_CONF=" + dir +
                             "/hsm/softhsm2.conf " SEALWRIGHT_HOLD " run ceremonies/scripts/two-tier.toml " + dir +
                             "/bindings.toml " + dir + "/out >" + dir + "/log 2>&1";
        return std::system(command.c_str());
    }
    std::filesystem::path out() const { return folder.path() / "out"; }
};

// SEALWRIGHT_TEST_STRIDE: 1 kills at every moment; the quick test takes every eleventh.
TEST(Crash, LeavesAReadableIncompleteBundleThatIsNeverContinued) {
    const char* given = std::getenv("SEALWRIGHT_TEST_STRIDE");
    const int stride = given == nullptr ? 11 : std::atoi(given);
    int moments = 0, bundles = 0;
    for (int die_at = 1;; die_at += stride) {
        const Tokens tokens;
        const int status = tokens.hold(die_at);
        if (status == 0) break;
        ASSERT_LT(++moments, 1000) << read_whole(tokens.folder.path() / "log");
        if (!std::filesystem::exists(tokens.out() / "transcript/entries.jsonl")) continue;  // nothing was begun
        ++bundles;
        verifier::Checks checks;
        verifier::verify_ceremony({tokens.out(), {}, {}, false}, checks);
        EXPECT_EQ(checks.verdict(), Verdict::incomplete) << "killed at " << die_at << "\n" << checks.human();
        const auto before = read_whole(tokens.out() / "transcript/entries.jsonl");
        EXPECT_NE(tokens.hold(0), 0) << "a ceremony was continued";
        EXPECT_NE(read_whole(tokens.folder.path() / "log").find("already_exists"), std::string::npos)
            << read_whole(tokens.folder.path() / "log");
        EXPECT_EQ(read_whole(tokens.out() / "transcript/entries.jsonl"), before);
    }
    EXPECT_GT(bundles, stride == 1 ? 100 : 8);
}

}  // namespace
}  // namespace sealwright::ceremonies::test
