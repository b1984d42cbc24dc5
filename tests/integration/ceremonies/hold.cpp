// hold.cpp: hold_ceremony check|print|run|rehearse SCRIPT BINDINGS OUT: the verbs of the runner without the command
// line around them, as a process that a test can end at any moment. The head goes to OUT.head, beside the bundle.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "ceremonies/runner/commands.hpp"

namespace {

using namespace sealwright;

// DyingDesk ends the process without warning at its N-th line or question (SEALWRIGHT_TEST_DIE_AT, in a test program
// alone).
class DyingDesk final : public ceremonies::Desk {
public:
    explicit DyingDesk(long die_at) : inner_(ceremonies::make_unattended_desk()), left_(die_at) {}
    void show(std::string_view line) override {
        count();
        inner_->show(line);
    }
    Result<ceremonies::Confirmation> confirm(const ceremonies::ConfirmationRequest& request) override {
        count();
        return inner_->confirm(request);
    }
    Result<Secret> pin(const ceremonies::PinRequest& request) override { return inner_->pin(request); }

private:
    void count() {
        if (left_ > 0 && --left_ == 0) std::raise(SIGKILL);
    }
    std::unique_ptr<ceremonies::Desk> inner_;
    long left_;
};

int failed(const Error& error) {
    std::cerr << error.describe() << "\n";
    return 1;
}

int check(const ceremonies::CeremonyFiles& files) {
    crypto::SystemRandom random;
    const auto report = ceremonies::check(files, SystemClock{}, random);
    if (!report) return failed(report.error());
    for (const auto& problem : report.value().problems) std::cout << "problem: " << problem << "\n";
    for (const auto& warning : report.value().warnings) std::cout << "warning: " << warning << "\n";
    std::cout << report.value().steps << " steps, " << report.value().keys << " keys, " << report.value().signatures
              << " signatures\n";
    return report.value().ok() ? 0 : 1;
}

int print(const ceremonies::CeremonyFiles& files, const std::string& out) {
    const auto printed = ceremonies::print(files);
    if (!printed) return failed(printed.error());
    std::ofstream{out + ".txt"} << printed.value().text;
    std::ofstream{out + ".html"} << printed.value().html;
    return 0;
}

int hold(bool rehearsal, const ceremonies::CeremonyFiles& files, const std::string& out) {
    const char* die_at = std::getenv("SEALWRIGHT_TEST_DIE_AT");
    DyingDesk desk{die_at == nullptr ? 0 : std::atol(die_at)};
    const SystemClock clock;
    crypto::SystemRandom random;
    const ceremonies::RunOptions options{files, out, desk, clock, random};
    const auto outcome = rehearsal ? ceremonies::rehearse(options) : ceremonies::run(options);
    if (!outcome) return failed(outcome.error());
    std::ofstream{out + ".head"} << outcome.value().head << "\n";
    std::cout << outcome.value().head_columns;
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        std::cerr << "hold_ceremony check|print|run|rehearse SCRIPT BINDINGS OUT\n";
        return 64;
    }
    const std::string verb = arguments[1], out = arguments[4];
    const sealwright::ceremonies::CeremonyFiles files{arguments[2], arguments[3]};
    if (verb == "check") return check(files);
    if (verb == "print") return print(files, out);
    return hold(verb == "rehearse", files, out);
}
