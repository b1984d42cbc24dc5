#include "cli/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/file.hpp"
#include "base/secret.hpp"

namespace sealwright::cli {
namespace {

using testing::HasSubstr;

class NobodyThere final : public Terminal {
public:
    bool attended() const override { return false; }
    Result<bool> confirm(std::string_view) override { return fail(ErrorCode::unavailable, "nobody"); }
    Result<Secret> secret(std::string_view) override { return fail(ErrorCode::unavailable, "nobody"); }
};

struct Ran {
    int exit;
    std::string out, err;
};

Ran run(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    NobodyThere terminal;
    const ManualClock clock{from_rfc3339("2026-11-22T10:57:29Z").value()};
    const int exit = run_program(
        arguments, {.out = out, .err = err, .width = {}, .live_errors = false, .terminal = terminal, .clock = clock});
    return {exit, out.str(), err.str()};
}

TEST(Program, TellsItsVersion) {
    EXPECT_EQ(run({"version"}).out, "sealwright " SEALWRIGHT_VERSION "\n");
    EXPECT_EQ(run({"--version"}).out, "sealwright " SEALWRIGHT_VERSION "\n");
    EXPECT_THAT(run({"version", "--json"}).out, HasSubstr("\"version\": \"" SEALWRIGHT_VERSION "\""));
}

TEST(Program, SaysThatNoDaemonRunsAndHowToFindOne) {
    const auto ran = run({"ca", "status", "--socket", "/nonexistent/admin.sock"});
    EXPECT_EQ(ran.exit, 3);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("no daemon at /nonexistent/admin.sock"));
    EXPECT_THAT(ran.err, HasSubstr("--socket PATH"));
}

TEST(Program, SaysThatAPathIsNoSocket) {
    const auto ran = run({"cert", "list", "--socket", "/etc/passwd"});
    EXPECT_EQ(ran.exit, 3);
    EXPECT_THAT(ran.err, HasSubstr("/etc/passwd is not a socket"));
}

TEST(Program, ArgumentsAreJudgedBeforeTheDaemonIsAsked) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"cert", "show", "xyz"},
             {"cert", "revoke", "4f1c", "--yes"},
             {"cert", "revoke", "4f1c09aa30b84d7e9bd2a07fc03b51e6", "--reason", "because"},
             {"cert", "revoke", "4f1c09aa30b84d7e9bd2a07fc03b51e6", "--reason", "certificateHold"},
             {"cert", "revoke", "4f1c09aa30b84d7e9bd2a07fc03b51e6", "--invalidity-date", "2027-01-01"},
             {"cert", "list", "--expires-before", "soon"},
             {"cert", "issue"},
             {"cert", "issue", "--resume", "4f1c"},
             {"request", "show", "4f1c"},
             {"secret", "create", "--profile", "p", "--lifetime", "for ever"}}) {
        auto with_socket = arguments;
        with_socket.insert(with_socket.end(), {"--socket", "/nonexistent"});
        EXPECT_EQ(run(with_socket).exit, 2) << arguments[0] << ' ' << arguments[1] << ": " << run(with_socket).err;
    }
}

class IssueFiles : public testing::Test {
protected:
    IssueFiles() { std::filesystem::create_directory(folder_); }
    ~IssueFiles() override { std::filesystem::remove_all(folder_); }
    Ran issue(const std::string& content, const std::vector<std::string>& more = {}) {
        const auto path = folder_ / "file";
        EXPECT_TRUE(write_file_atomically(path, view_of(content)));
        std::vector<std::string> arguments{"cert",  "issue",       "--profile", "p",
                                           "--csr", path.string(), "--socket",  "/nonexistent"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    }
    const std::filesystem::path folder_ = testing::TempDir() + "sealwright-cli-issue";
};

TEST_F(IssueFiles, APrivateKeyNeverLeavesTheMachine) {
    const auto ran = issue("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("holds a private key; nothing was sent"));
    EXPECT_THAT(issue("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n").err,
                HasSubstr("no daemon at"));
}

TEST_F(IssueFiles, AnEmptyOrHugeFileIsNoRequest) {
    EXPECT_THAT(issue("").err, HasSubstr("is empty"));
    EXPECT_THAT(issue(std::string(100000, 'x')).err, HasSubstr("is larger than"));
}

TEST_F(IssueFiles, AFileThatCannotBeWrittenIsFoundBeforeACertificateIsIssued) {
    EXPECT_THAT(issue("csr", {"--out", "/nonexistent/folder/leaf.pem"}).err, HasSubstr("Nothing was asked of the CA"));
    EXPECT_THAT(issue("csr", {"--chain", folder_.string()}).err, HasSubstr("cannot be written"));
    EXPECT_THAT(issue("csr", {"--out", (folder_ / "leaf.pem").string()}).err, HasSubstr("no daemon at"));
}

TEST_F(IssueFiles, ASecretDoesNotTravelWithoutTls) {
    const auto ran =
        issue("csr", {"--server", "http://127.0.0.1:1", "--ca", "/dev/null", "--secret-file", "/dev/null"});
    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("without TLS"));
}

TEST(Program, AsksNobodyWhereNobodyIs) {
    const auto ran = run({"ceremony", "rehearse", "s.toml", "--bindings", "b.toml", "--out", "/nonexistent/x",
                          "--head-file", "/nonexistent/x/head"});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr("--head-file lies in --out"));
}

TEST(Program, AFullDiskIsNoSuccess) {
    std::ostringstream err;
    std::ostringstream out;
    out.setstate(std::ios::badbit);
    NobodyThere terminal;
    const SystemClock clock;
    EXPECT_EQ(
        run_program({"version"},
                    {.out = out, .err = err, .width = {}, .live_errors = false, .terminal = terminal, .clock = clock}),
        1);
    EXPECT_EQ(
        run_program({"--help"},
                    {.out = out, .err = err, .width = {}, .live_errors = false, .terminal = terminal, .clock = clock}),
        1);
}

}  // namespace
}  // namespace sealwright::cli
