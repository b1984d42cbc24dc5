#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cmath>
#include <cstdlib>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace sealwright::cli {
namespace {

// is_a_number refuses nan, which lies neither below nor above any bound.
CLI::Validator is_a_number() {
    return {[](std::string& text) {
                return std::isnan(std::strtod(text.c_str(), nullptr)) ? std::string{"not a number"} : std::string{};
            },
            ""};
}

void add_judged_token(CLI::App& command, JudgedTokenOptions& options) {
    add_module_options(command, options)->required();
    add_token_options(command, options);
    command
        .add_option("--deadline", options.deadline,
                    "Seconds after which a call counts as hung; five times as many for RSA keys")
        ->type_name("SECONDS")
        ->capture_default_str()
        ->check(CLI::Range(1U, 3600U).description(""));
    command.add_flag("-y,--yes", options.yes, "Ask nothing, and take a token that holds private keys already");
}

}  // namespace

void add_judge_commands(Grammar& grammar, CLI::App& group) {
    CLI::App& test = grammar.command(
        group, "test", "Judge a token for use by a CA, with throw-away keys",
        "  sealwright hsm test --module ./vendor.so --token-label trial\n"
        "  sealwright hsm test --module ./vendor.so --token-label trial --page vendor.html --json > vendor.json");
    auto tested = std::make_shared<HsmTestOptions>();
    add_judged_token(test, tested->token);
    test.add_flag("--quick", tested->quick, "Without RSA-3072 and RSA-4096, and with fewer sessions and signatures");
    test.add_option("--page", tested->page, "Also write the report as a page to print and file")->type_name("FILE");
    test.add_flag("--force", tested->force, "Overwrite that file");
    grammar.runs(test, tested, hsm_test);

    CLI::App& bench = grammar.command(group, "bench", "Measure signatures a second, and say what to set",
                                      "  sealwright hsm bench --module ./vendor.so --token-label trial\n"
                                      "  sealwright hsm bench --module ./vendor.so --token-label trial --algorithms "
                                      "ecdsa-sha256 --lanes 1,4,16,30 --seconds 10");
    auto measured = std::make_shared<HsmBenchOptions>();
    add_judged_token(bench, measured->token);
    bench.add_option("--algorithms", measured->algorithms, "These alone, with commas between them")
        ->type_name("NAMES")
        ->delimiter(',');
    bench.add_option("--lanes", measured->lanes, "Numbers of lanes to try (default 1,2,4,8,16,30)")
        ->type_name("NUMBERS")
        ->delimiter(',')
        ->check(CLI::Range(1U, 256U).description(""));
    bench.add_option("--seconds", measured->seconds, "How long each run takes")
        ->type_name("SECONDS")
        ->capture_default_str()
        ->check(CLI::Range(0.05, 3600.0).description(""))
        ->check(is_a_number());
    grammar.runs(bench, measured, hsm_bench);
}

}  // namespace sealwright::cli
