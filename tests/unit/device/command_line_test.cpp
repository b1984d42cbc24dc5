#include "device/command_line.hpp"

#include <gmock/gmock.h>

namespace sealwright::device::test {
namespace {

using testing::HasSubstr;

Answered mistake(const std::vector<std::string>& arguments) {
    auto parsed = parse_command_line(arguments);
    const auto* answered = std::get_if<Answered>(&parsed);
    return answered == nullptr ? Answered{cli::ExitCode::done, "a command"} : *answered;
}

TEST(DeviceCommandLine, KnowsItsCommands) {
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{"enroll", "--server", "https://ca:8443", "--ca", "root.pem",
                                                "--profile", "device", "--dns", "a", "--dns", "b", "--key", "p384"},
                                               {"renew", "--within", "30d"},
                                               {"renew", "--force", "--same-key", "--json"},
                                               {"renew", "--anew"},
                                               {"status", "--state", "x", "--tcti", "y"}}) {
        const auto parsed = parse_command_line(arguments);
        EXPECT_TRUE(std::holds_alternative<Invocation>(parsed)) << arguments[0];
    }
}

TEST(DeviceExitCode, IsUnavailableForWhatPassesByItself) {
    for (const auto code : {ErrorCode::storage, ErrorCode::token, ErrorCode::clock, ErrorCode::internal,
                            ErrorCode::unavailable, ErrorCode::overloaded})
        EXPECT_EQ(exit_code_of(code), cli::ExitCode::unavailable) << error_code_name(code);
    for (const auto code : {ErrorCode::denied, ErrorCode::unauthenticated, ErrorCode::conflict, ErrorCode::malformed})
        EXPECT_EQ(exit_code_of(code), cli::ExitCode::failed) << error_code_name(code);
    EXPECT_EQ(exit_code_of(ErrorCode::indeterminate), cli::ExitCode::unknown_outcome);
}

TEST(DeviceCommandLine, TellsMistakes) {
    EXPECT_EQ(mistake({}).exit, cli::ExitCode::usage);
    EXPECT_EQ(mistake({"enrol"}).exit, cli::ExitCode::usage);
    EXPECT_THAT(mistake({"enroll", "--server", "https://ca"}).text, HasSubstr("--ca"));
    EXPECT_EQ(mistake({"enroll", "--server", "s", "--ca", "c", "--profile", "p", "--ek", "H-9"}).exit,
              cli::ExitCode::usage);
    EXPECT_EQ(mistake({"enroll", "--server", "s", "--ca", "c", "--profile", "p", "--secret", "sw1_x"}).exit,
              cli::ExitCode::usage)
        << "never in argv";
    EXPECT_EQ(mistake({"renew", "--force", "--within", "1d"}).exit, cli::ExitCode::usage);
    EXPECT_EQ(mistake({"--help"}).exit, cli::ExitCode::done);
    EXPECT_EQ(mistake({"enroll", "--help"}).exit, cli::ExitCode::done);
    EXPECT_THAT(mistake({"--version"}).text, HasSubstr("sealwright-device 0"));
}

}  // namespace
}  // namespace sealwright::device::test
