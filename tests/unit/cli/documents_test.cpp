// What is written about the commands elsewhere must name exactly the commands that there are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "cli/command_line.hpp"

namespace sealwright::cli {
namespace {

using testing::HasSubstr;

std::string document(const char* path) { return read_text_file(path, 1U << 20U).value(); }

// In the manual a command is a sub-section: .SS sealwright cert issue ...
std::vector<std::string> commands_of_manual(const std::string& manual) {
    constexpr std::string_view heading = ".SS sealwright ";
    std::vector<std::string> names;
    for (auto at = manual.find(heading); at != std::string::npos; at = manual.find(heading, at + 1)) {
        const auto begin = at + heading.size();
        const auto end = manual.find('\n', begin);
        names.push_back(manual.substr(begin, end - begin));
    }
    return names;
}

std::string help_of(const std::string& command) {
    std::vector<std::string> arguments(1);
    for (const char c : command) {
        if (c == ' ') arguments.emplace_back();
        if (c != ' ') arguments.back() += c;
    }
    arguments.emplace_back("--help");
    return std::get<Answered>(parse_command_line(arguments)).text;
}

std::vector<std::string> options_of_help(const std::string& help) {
    std::vector<std::string> options;
    for (std::size_t at = help.find("--"); at != std::string::npos; at = help.find("--", at + 2)) {
        const auto line = help.rfind('\n', at);
        const std::string before = help.substr(line + 1, at - line - 1);
        if (before != "  " && before != "  -q," && before != "  -y," && before != "  -h,")
            continue;  // the text of a description
        options.push_back(help.substr(at, help.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at) - at));
    }
    return options;
}

TEST(Documents, TheManualHasEveryCommandAndNoOther) {
    EXPECT_THAT(commands_of_manual(document("docs/man/sealwright.1")),
                testing::UnorderedElementsAreArray(command_names()));
}

TEST(Documents, TheManualHasEveryOption) {
    const std::string manual = document("docs/man/sealwright.1");
    for (const auto& command : command_names()) {
        const std::string help = help_of(command);
        const auto options = options_of_help(help.substr(0, help.find("Examples:")));
        EXPECT_THAT(options, testing::Contains("--json")) << command;
        for (const auto& option : options) {
            std::string escaped;
            for (const char c : option) escaped += c == '-' ? std::string{"\\-"} : std::string(1, c);
            EXPECT_THAT(manual, HasSubstr(escaped)) << command;
        }
    }
}

TEST(Documents, CompletionKnowsEveryCommand) {
    const std::string completion = document("src/cli/completion/sealwright.bash");
    for (const auto& command : command_names()) {
        const auto space = command.rfind(' ');
        if (space == std::string::npos) continue;
        const std::string group = command.substr(0, space);
        const bool is_inner = group.find(' ') != std::string::npos;
        const std::string row = "\n        " + (is_inner ? '"' + group + '"' : group) + ") ";
        const auto at = completion.find(row);
        ASSERT_NE(at, std::string::npos) << command;
        const std::string line = completion.substr(at + 1, completion.find('\n', at + 1) - at - 1);
        EXPECT_TRUE(line.find(' ' + command.substr(space + 1) + ' ') != std::string::npos ||
                    line.find('"' + command.substr(space + 1) + ' ') != std::string::npos ||
                    line.find(' ' + command.substr(space + 1) + '"') != std::string::npos ||
                    line.find('"' + command.substr(space + 1) + '"') != std::string::npos)
            << command << " in " << line;
    }
}

TEST(Documents, TheOperatorsPageHasEveryCommand) {
    const std::string page = document("docs/operations/cli.md");
    for (const auto& command : command_names()) {
        EXPECT_NE(page.find("sealwright " + command), std::string::npos) << command;
    }
}

}  // namespace
}  // namespace sealwright::cli
