// files.hpp: the shipped script with its profiles and bindings, in a folder of its own where a test may break them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ceremonies/runner/commands.hpp"

namespace sealwright::ceremonies::test {

inline std::string read(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

class Files {
public:
    Files() {
        std::string name = (std::filesystem::temp_directory_path() / "sealwright-ceremony-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = name;
        const std::filesystem::path scripts = "ceremonies/scripts";  // tests run from the top of the tree
        std::filesystem::copy(scripts, folder_, std::filesystem::copy_options::recursive);
    }
    ~Files() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    const std::filesystem::path& folder() const noexcept { return folder_; }
    CeremonyFiles named() const { return {folder_ / "two-tier.toml", folder_ / "bindings-softhsm.toml"}; }

    // replace changes the first occurrence of a text in a file; the text must be there.
    void replace(const std::string& file, const std::string& from, const std::string& to) const {
        std::string text = read(folder_ / file);
        const auto at = text.find(from);
        if (at == std::string::npos) throw std::runtime_error(file + " has no '" + from + "'");
        text.replace(at, from.size(), to);
        std::ofstream{folder_ / file, std::ios::binary} << text;
    }

    CheckReport check() const {
        const ManualClock clock{from_rfc3339("2026-11-22T12:00:00Z").value()};
        crypto::SystemRandom random;
        auto report = ceremonies::check(named(), clock, random);
        if (!report) throw std::runtime_error(report.error().describe());
        return std::move(report.value());
    }

private:
    std::filesystem::path folder_;
};

inline bool mentions(const std::vector<std::string>& lines, const std::string& text) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const auto& line) { return line.find(text) != std::string::npos; });
}

inline std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += line + "\n";
    return out;
}

}  // namespace sealwright::ceremonies::test
