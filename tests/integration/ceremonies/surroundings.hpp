// surroundings.hpp: ceremonies on a private SoftHSM: fresh tokens, bindings for them, a desk that answers as a test
// wants, and bundles that may be broken.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "ceremonies/runner/commands.hpp"
#include "ceremonies/verifier/ceremony.hpp"
#include "tests/integration/hsm/softhsm.hpp"

namespace sealwright::ceremonies::test {

inline std::string read_whole(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}
inline void write_whole(const std::filesystem::path& path, const std::string& text) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << text;
}

// replaced changes the first occurrence of from behind the first occurrence of mark; both must be there.
std::string replaced(std::string text, const std::string& from, const std::string& to, const std::string& mark = {});

// QuietDesk confirms everything, except the steps that it is told to refuse.
class QuietDesk final : public Desk {
public:
    std::set<std::string> refuse;
    std::set<std::string> by_program;  // steps that are confirmed as a program would
    std::vector<std::string> shown;
    void show(std::string_view line) override { shown.emplace_back(line); }
    Result<Confirmation> confirm(const ConfirmationRequest& request) override;
    Result<Secret> pin(const PinRequest&) override { return fail(ErrorCode::unavailable, "no test types a PIN"); }
};

// Site is two fresh tokens of the process's SoftHSM, a copy of the shipped script, and bindings for them.
class Site {
public:
    Site();
    const std::filesystem::path& folder() const noexcept { return folder_.path(); }
    std::filesystem::path script() const { return folder() / "two-tier.toml"; }
    std::filesystem::path bindings() const { return folder() / "bindings.toml"; }
    std::filesystem::path out() const { return folder() / "out"; }
    void change(const std::filesystem::path& file, const std::string& from, const std::string& to) const {
        write_whole(file, replaced(read_whole(file), from, to));
    }

    Result<CeremonyOutcome> run(QuietDesk& desk) const { return ceremonies::run(options(desk)); }
    Result<CeremonyOutcome> rehearse(QuietDesk& desk) const { return ceremonies::rehearse(options(desk)); }

private:
    RunOptions options(QuietDesk& desk) const;
    sealwright::test::TemporaryFolder folder_;
};

// Bundle is a copy of a bundle that a test may break, with the root and the head from outside of it.
class Bundle {
public:
    explicit Bundle(const std::filesystem::path& original, std::string head);
    std::filesystem::path path() const { return folder_.path() / "bundle"; }
    std::filesystem::path roots() const { return folder_.path() / "roots.pem"; }
    const std::string& head() const noexcept { return head_; }

    verifier::Checks verify(bool with_head = true, bool allow_rehearsal = false) const;
    std::vector<std::filesystem::path> files() const;

private:
    sealwright::test::TemporaryFolder folder_;
    std::string head_;
};

}  // namespace sealwright::ceremonies::test
