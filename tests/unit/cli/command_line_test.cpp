#include "cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sealwright::cli {
namespace {

using testing::HasSubstr;

std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> out;
    std::string word;
    for (const char c : line + ' ') {
        if (c != ' ') {
            word += c;
        } else if (!word.empty()) {
            out.push_back(std::exchange(word, {}));
        }
    }
    return out;
}

Answered answered(const std::string& line) {
    auto parsed = parse_command_line(words(line));
    if (const auto* answer = std::get_if<Answered>(&parsed)) return *answer;
    return {ExitCode::done, "it was understood"};
}

bool understood(const std::string& line) { return std::holds_alternative<Invocation>(parse_command_line(words(line))); }

TEST(CommandLine, HasTheCommandsOfTheDesignAndNoOthers) {
    EXPECT_THAT(
        command_names(),
        testing::UnorderedElementsAre(
            "ceremony check", "ceremony print", "ceremony rehearse", "ceremony run", "hsm tokens", "hsm keys",
            "hsm evidence", "hsm test", "hsm bench", "hsm wrapping-key", "hsm backup", "hsm restore", "hsm enrol",
            "hsm pin seal", "hsm pin check", "ca status", "profile list", "profile show", "cert issue", "cert list",
            "cert show", "cert revoke", "cert hold", "cert release", "request list", "request show", "request approve",
            "request deny", "request attestation", "ek import", "ek list", "ek remove", "device list", "device show",
            "device revoke", "device retire", "crl publish", "secret create", "secret list", "secret revoke",
            "audit show", "audit verify", "audit export", "version"));
}

TEST(CommandLine, EveryCommandHasHelpWithAnExampleOfItself) {
    for (const auto& name : command_names()) {
        const auto help = answered(name + " --help");
        EXPECT_EQ(help.exit, ExitCode::done) << name;
        EXPECT_THAT(help.text, HasSubstr("Usage: sealwright " + name)) << name;
        EXPECT_THAT(help.text, HasSubstr("Examples:\n")) << name;
        EXPECT_THAT(help.text.substr(help.text.find("Examples:")), HasSubstr("sealwright " + name)) << name;
        EXPECT_THAT(help.text, HasSubstr("--json")) << name;
    }
}

// Options as a careful reader sees them: every line fits a terminal, except examples, which are copied.
TEST(CommandLine, HelpFitsEightyColumns) {
    for (const auto& name : command_names()) {
        const auto help = answered(name + " --help").text;
        std::string line;
        for (const char c : help.substr(0, help.find("Examples:"))) {
            if (c != '\n') {
                line += c;
                continue;
            }
            EXPECT_LE(line.size(), 80U) << name << ": " << line;
            line.clear();
        }
    }
}

TEST(CommandLine, OverviewListsEveryCommandAndTheExitCodes) {
    const auto overview = answered("--help");
    EXPECT_EQ(overview.exit, ExitCode::done);
    for (const auto& name : command_names()) EXPECT_THAT(overview.text, HasSubstr("\n  " + name + ' '));
    EXPECT_THAT(overview.text, HasSubstr("Exit codes: 0 done"));
}

TEST(CommandLine, NothingAtAllIsAMistakeThatShowsTheOverview) {
    const auto nothing = answered("");
    EXPECT_EQ(nothing.exit, ExitCode::usage);
    EXPECT_EQ(nothing.text, answered("--help").text);
}

TEST(CommandLine, MistakesNameWhatIsKnownAndWhereToRead) {
    EXPECT_THAT(answered("cert").text,
                HasSubstr("sealwright: which command?\n  sealwright cert knows: issue, list, show"));
    EXPECT_THAT(answered("cert isue").text,
                HasSubstr("'isue' is no command of sealwright cert\n  sealwright cert knows: issue"));
    EXPECT_THAT(answered("certs list").text, HasSubstr("'certs' is no command of sealwright\n"));
    EXPECT_THAT(answered("cert show").text, HasSubstr("SERIAL is required\n  see: sealwright cert show --help"));
    EXPECT_THAT(answered("cert show 4f1c --pme").text, HasSubstr("--pme"));
    for (const char* line : {"cert", "cert isue", "certs list", "cert show", "cert show 4f1c --pme"})
        EXPECT_EQ(answered(line).exit, ExitCode::usage) << line;
}

TEST(CommandLine, AMistypedCommandCannotDriveTheTerminal) {
    const auto parsed = parse_command_line({"cert", "\x1b[2J"});
    EXPECT_EQ(std::get<Answered>(parsed).text.find('\x1b'), std::string::npos);
}

TEST(CommandLine, AcceptsEachWayToIssueAndRefusesMixtures) {
    EXPECT_TRUE(understood("cert issue --profile p --csr -"));
    EXPECT_TRUE(understood("cert issue --resume 00 --out f"));
    EXPECT_TRUE(understood("cert issue --profile p --csr f --server https://h --ca r --secret-fd 3"));
    EXPECT_TRUE(understood("cert issue --profile p --csr f --server https://h --ca r --client-cert c --client-key k"));
    EXPECT_FALSE(understood("cert issue --profile p"));
    EXPECT_FALSE(understood("cert issue --csr f"));
    EXPECT_FALSE(understood("cert issue --profile p --csr f --resume 00"));
    EXPECT_FALSE(understood("cert issue --profile p --csr f --server https://h"));
    EXPECT_FALSE(understood("cert issue --profile p --csr f --secret-fd 3"));
    EXPECT_FALSE(understood("cert issue --profile p --csr f --server https://h --ca r --secret-fd 3 --secret-file s"));
    EXPECT_FALSE(understood(
        "cert issue --profile p --csr f --server https://h --ca r --secret-fd 3 --client-cert c --client-key k"));
    EXPECT_FALSE(understood("cert issue --profile p --csr f --server https://h --ca r --client-cert c"));
}

TEST(CommandLine, BoundsNumbers) {
    EXPECT_TRUE(understood("cert list --limit 1000"));
    EXPECT_FALSE(understood("cert list --limit 1001"));
    EXPECT_FALSE(understood("cert list --limit 0"));
    EXPECT_FALSE(understood("cert list --limit ten"));
    EXPECT_FALSE(understood("hsm keys --module m --pin-fd -1"));
    EXPECT_FALSE(understood("audit show --from -1"));
    EXPECT_FALSE(understood("cert list --state expired"));
    EXPECT_FALSE(understood("cert list --revoked --not-revoked"));
}

// A PIN in argv is read by every process of the machine.
TEST(CommandLine, TakesNoSecretAsAnArgument) {
    for (const auto& name : command_names()) {
        for (const char* option : {"--pin 1234", "--secret s", "--password s"})
            EXPECT_FALSE(understood(name + " " + option)) << name << ' ' << option;
    }
    EXPECT_FALSE(understood("hsm keys --module m --pin 1234"));
    EXPECT_TRUE(understood("hsm keys --module m --pin-fd 3"));
}

TEST(CommandLine, GlobalOptionsReachTheInvocation) {
    const auto parsed = parse_command_line(words("cert list --json --quiet --socket /tmp/s"));
    const auto& global = std::get<Invocation>(parsed).global;
    EXPECT_TRUE(global.json);
    EXPECT_TRUE(global.quiet);
    EXPECT_EQ(global.socket, "/tmp/s");
    EXPECT_EQ(std::get<Invocation>(parse_command_line(words("cert list"))).global.socket, "/run/sealwright/admin.sock");
    const auto before = parse_command_line(words("--socket /tmp/s --json cert list"));
    ASSERT_TRUE(std::holds_alternative<Invocation>(before));
    EXPECT_EQ(std::get<Invocation>(before).global.socket, "/tmp/s");
    EXPECT_TRUE(std::get<Invocation>(before).global.json);
    EXPECT_FALSE(understood("--socket"));
    EXPECT_FALSE(understood("--json"));
    EXPECT_FALSE(understood("--socket /tmp/s ceremony check x.toml"));
}

}  // namespace
}  // namespace sealwright::cli
