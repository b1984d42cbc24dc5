// hold.cpp: hold_ceremony check|print|run|rehearse SCRIPT BINDINGS OUT: the verbs of the runner without the command
// line around them, as a process that a test can end at any moment. The head goes to OUT.head, beside the bundle.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "ceremonies/runner/commands.hpp"

namespace {

using namespace sealwright;

// DyingClock ends the process without warning when it is asked for the N-th time (SEALWRIGHT_TEST_DIE_AT, in a test
// program alone). Each record of the transcript asks once: so the ceremony dies between any two of them.
class DyingClock final : public Clock {
public:
    explicit DyingClock(long die_at) : left_(die_at) {}
    UtcTime now() const override {
        if (left_ > 0 && --left_ == 0) std::raise(SIGKILL);
        return SystemClock{}.now();
    }

private:
    mutable long left_;
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
    const DyingClock clock{die_at == nullptr ? 0 : std::atol(die_at)};
    const auto desk = ceremonies::make_unattended_desk();
    crypto::SystemRandom random;
    const ceremonies::RunOptions options{files, out, *desk, clock, random};
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
