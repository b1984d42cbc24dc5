#include "cli/output.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace sealwright::cli {
namespace {

struct Said {
    std::ostringstream out, err;
};

TEST(Output, TellsAFailureThenWhatToDo) {
    Said said;
    Output output{said.out, said.err, {}};
    const auto exit =
        output.failure(with_advice(fail(ErrorCode::not_found, "no such thing", "errno 2"), "Look there.\nOr there."));
    EXPECT_EQ(exit, ExitCode::not_found);
    EXPECT_EQ(said.err.str(), "sealwright: no such thing (errno 2)\n  Look there.\n  Or there.\n");
    EXPECT_EQ(said.out.str(), "");
}

TEST(Output, NamesTheCodeWhereThereIsNothingElse) {
    Said said;
    Output output{said.out, said.err, {}};
    output.failure(fail(ErrorCode::internal));
    EXPECT_EQ(said.err.str(), "sealwright: internal\n");
}

TEST(Output, TellsAFailureAsOneLineOfJsonToPrograms) {
    Said said;
    Output output{said.out, said.err, {.json = true}};
    output.failure(with_advice(fail(ErrorCode::denied, "no \"really\"", "cause"), "Ask."));
    EXPECT_EQ(said.err.str(),
              "{\"error\":{\"code\":\"denied\",\"detail\":\"no "
              "\\\"really\\\"\",\"exit\":1,\"cause\":\"cause\",\"advice\":\"Ask.\"}}\n");
}

TEST(Output, LeavesRemarksOutWhenQuietButNeverWarningsOrResults) {
    Said said;
    Output output{said.out, said.err, {.quiet = true}};
    output.note("remark");
    output.warning("careful");
    output.line("result");
    EXPECT_EQ(said.err.str(), "warning: careful\n");
    EXPECT_EQ(said.out.str(), "result\n");
}

TEST(Output, ShowsProgressOnATerminalOnlyAndTakesItAway) {
    Said terminal, file;
    Output live{terminal.out, terminal.err, {.live_errors = true}};
    live.progress("7 of 9");
    live.line("done");
    EXPECT_EQ(terminal.err.str(), "\r7 of 9\x1b[K\r\x1b[K");
    Output dead{file.out, file.err, {}};
    dead.progress("7 of 9");
    dead.line("done");
    EXPECT_EQ(file.err.str(), "");
}

TEST(Output, MakesHostileTextHarmlessEverywhere) {
    Said said;
    Output output{said.out, said.err, {}};
    output.line("a\x1b[0m");
    output.text("one\ntwo\x1b\n");
    output.note("b\x1b");
    output.failure(fail(ErrorCode::denied, "c\x1b", "d\x1b"));
    EXPECT_EQ((said.out.str() + said.err.str()).find('\x1b'), std::string::npos);
    EXPECT_EQ(said.out.str(), "a\\x1b[0m\none\ntwo\\x1b\n");
}

TEST(Output, NoticesAFullDisk) {
    Said said;
    Output output{said.out, said.err, {}};
    output.line("x");
    EXPECT_TRUE(output.finish());
    said.out.setstate(std::ios::badbit);
    output.line("y");
    EXPECT_FALSE(output.finish());
}

}  // namespace
}  // namespace sealwright::cli
