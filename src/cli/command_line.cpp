#include "cli/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace sealwright::cli {
namespace {

constexpr const char* kSummary =
    "Sealwright: a hardware-backed certificate authority. This program holds ceremonies, looks at tokens, and\n"
    "administers a running sealwrightd over its admin socket.";

constexpr std::size_t kNameColumn = 26;
constexpr std::size_t kTextColumns = 54;  // beside the names: 80 together

// wrapped breaks a description between words.
std::string wrapped(const std::string& text) {
    std::string out;
    std::size_t column = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::size_t length = end - at;
        if (column > 0) {
            const bool fits = column + 1 + length <= kTextColumns;
            out += fits ? ' ' : '\n';
            column = fits ? column + 1 : 0;
        }
        out.append(text, at, length);
        column += length;
        at = end + 1;
    }
    return out;
}

// HelpFormatter leaves out which options need or exclude which: a wrong combination is told when it is made.
class HelpFormatter final : public CLI::Formatter {
public:
    HelpFormatter() { column_width(kNameColumn); }

    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_type_size() == 0 || option->get_type_name().empty() ? std::string{}
                                                                               : ' ' + option->get_type_name();
    }
    std::string make_option_desc(const CLI::Option* option) const override {
        std::string text = option->get_description();
        if (option->get_required() && !option->get_positional()) text += " (required)";
        if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
        return wrapped(text);
    }
};

// ParserTree is one grammar with the tree it stands on.
struct ParserTree {
    CLI::App root{"", "sealwright"};
    Invocation invocation;

    ParserTree() {
        root.require_subcommand(1);
        root.formatter(std::make_shared<HelpFormatter>());
        Grammar grammar{root, invocation, {}};
        add_offline_commands(grammar);
        add_authority_commands(grammar);
        add_device_commands(grammar);
        add_certificate_commands(grammar);
        grammar.runs(grammar.command(root, "version", "Print the version", "  sealwright version --json"), version);
    }
};

std::vector<const CLI::App*> children_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string padded(std::string text, std::size_t width) {
    text.append(text.size() < width ? width - text.size() : 1, ' ');
    return text;
}

// Leaf is a command with all of its words; a group may hold groups.
struct Leaf {
    std::string name;
    const CLI::App* app;
};
std::vector<Leaf> leaves_of(const CLI::App& group, const std::string& name) {
    std::vector<Leaf> leaves;
    for (const CLI::App* child : children_of(group)) {
        const std::string whole = name + ' ' + child->get_name();
        const auto inner = leaves_of(*child, whole);
        if (inner.empty()) leaves.push_back({whole, child});
        leaves.insert(leaves.end(), inner.begin(), inner.end());
    }
    return leaves;
}

// overview is the program's own help: every command on one page, since at night nobody remembers which group has which.
std::string overview(const CLI::App& root) {
    std::string text = std::string{kSummary} + "\n\nUsage: sealwright COMMAND [OPTIONS]\n";
    for (const CLI::App* group : children_of(root)) {
        const auto leaves = leaves_of(*group, group->get_name());
        if (leaves.empty()) {
            text += "\n  " + padded(group->get_name(), 20) + group->get_description() + '\n';
            continue;
        }
        text += '\n' + group->get_description() + '\n';
        for (const Leaf& leaf : leaves) text += "  " + padded(leaf.name, 20) + leaf.app->get_description() + '\n';
    }
    text += "\n`sealwright COMMAND --help` has each command's options and examples; sealwright(1) has the rest.\n\n" +
            describe_exit_codes() + '\n';
    return text;
}

// chosen is how far down the tree argv led, and what it is called there.
struct Chosen {
    const CLI::App* app;
    std::string name;
};
Chosen chosen_command(const CLI::App& root) {
    Chosen chosen{&root, "sealwright"};
    for (;;) {
        const auto parsed = chosen.app->get_subcommands();
        if (parsed.empty()) return chosen;
        chosen = {parsed.front(), chosen.name + ' ' + parsed.front()->get_name()};
    }
}

std::string known_commands(const CLI::App& app) {
    std::string text;
    for (const CLI::App* child : children_of(app)) text += (text.empty() ? "" : ", ") + child->get_name();
    return text;
}

// The word after the commands that were understood.
std::string word_after(const Chosen& chosen, const std::vector<std::string>& arguments) {
    const auto depth = static_cast<std::size_t>(std::count(chosen.name.begin(), chosen.name.end(), ' '));
    return depth < arguments.size() ? arguments[depth] : std::string{};
}

// globals_last moves the options of every command that stand before the command behind it: where others want them.
std::vector<std::string> globals_last(std::vector<std::string> arguments) {
    std::size_t count = 0;
    while (count < arguments.size()) {
        const std::string& word = arguments[count];
        const bool takes_value = word == "--socket";
        const bool is_global =
            takes_value || word == "--json" || word == "-q" || word == "--quiet" || word.starts_with("--socket=");
        if (!is_global || (takes_value && count + 1 == arguments.size())) break;
        count += takes_value ? 2 : 1;
    }
    std::rotate(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(count), arguments.end());
    return arguments;
}

Answered mistake(const CLI::App& root, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
    const Chosen chosen = chosen_command(root);
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    while (!what.empty() && what.back() == ' ') what.pop_back();
    what = printable(what);
    std::string text = "sealwright: ";
    if (!children_of(*chosen.app).empty()) {
        // Between a group and its command: what is missing or wrong is the command's name.
        const std::string word = word_after(chosen, arguments);
        text += word.empty() || word.starts_with('-') ? "which command?"
                                                      : "'" + printable(word) + "' is no command of " + chosen.name;
        text += "\n  " + chosen.name + " knows: " + known_commands(*chosen.app) + '\n';
    } else {
        text += what + '\n';
    }
    return {ExitCode::usage, text + "  see: " + chosen.name + " --help\n"};
}

}  // namespace

CLI::App& Grammar::group(const std::string& name, const std::string& description) {
    CLI::App* app = root.add_subcommand(name, description);
    app->require_subcommand(1);
    return *app;
}

CLI::App& Grammar::command(CLI::App& group, const std::string& name, const std::string& description,
                           const std::string& examples) {
    CLI::App* app = group.add_subcommand(name, description);
    app->set_help_flag();
    app->footer("Examples:\n" + examples);
    return *app;
}

CLI::App& Grammar::admin_command(CLI::App& group, const std::string& name, const std::string& description,
                                 const std::string& examples) {
    CLI::App& app = command(group, name, description, examples);
    admin_commands.insert(&app);
    return app;
}

void Grammar::runs(CLI::App& command, Result<ExitCode> (*function)(Context&)) { on_chosen(command, function); }

void Grammar::on_chosen(CLI::App& command, std::function<Result<ExitCode>(Context&)> run) {
    // Options of every command come last, so that --help begins with the command's own.
    if (admin_commands.contains(&command)) {
        command.add_option("--socket", invocation.global.socket, "The daemon's admin socket")
            ->type_name("PATH")
            ->default_str(kDefaultAdminSocket);
    }
    command.add_flag("--json", invocation.global.json, "JSON for programs instead of text for people");
    command.add_flag("-q,--quiet", invocation.global.quiet, "Results and failures alone: no remarks, no progress");
    command.set_help_flag("-h,--help", "This text");
    Invocation& target = invocation;
    command.callback([&target, run = std::move(run)] { target.run = run; });
}

std::variant<Invocation, Answered> parse_command_line(const std::vector<std::string>& arguments) {
    ParserTree tree;
    if (arguments.empty()) return Answered{ExitCode::usage, overview(tree.root)};
    if (arguments.size() == 1 && arguments[0] == "--version") return parse_command_line({"version"});
    const auto ordered = globals_last(arguments);
    try {
        tree.root.parse(std::vector<std::string>{ordered.rbegin(), ordered.rend()});
    } catch (const CLI::CallForHelp&) {
        const Chosen chosen = chosen_command(tree.root);
        return Answered{ExitCode::done, chosen.app == &tree.root ? overview(tree.root) : tree.root.help()};
    } catch (const CLI::ParseError& error) {
        return mistake(tree.root, error, ordered);
    }
    return std::move(tree.invocation);
}

std::vector<std::string> command_names() {
    const ParserTree tree;
    std::vector<std::string> names;
    for (const CLI::App* group : children_of(tree.root)) {
        const auto leaves = leaves_of(*group, group->get_name());
        if (leaves.empty()) names.push_back(group->get_name());
        for (const Leaf& leaf : leaves) names.push_back(leaf.name);
    }
    return names;
}

}  // namespace sealwright::cli
