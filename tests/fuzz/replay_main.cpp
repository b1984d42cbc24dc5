// replay_main.cpp: runs a fuzz target over files and folders given as arguments, without libFuzzer. It fails where
// there is none: a corpus that went missing must not look like one that passed.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

#include "base/file.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

constexpr std::size_t kMaxSample = 1U << 20U;

std::vector<std::filesystem::path> samples_of(const std::filesystem::path& path) {
    std::vector<std::filesystem::path> samples;
    if (!std::filesystem::is_directory(path)) return {path};
    for (const auto& entry : std::filesystem::directory_iterator{path}) {
        if (entry.is_regular_file()) samples.push_back(entry.path());
    }
    std::sort(samples.begin(), samples.end());
    return samples;
}

bool replay(const std::filesystem::path& sample) {
    const auto content = sealwright::read_file(sample, kMaxSample);
    if (!content) {
        std::fprintf(stderr, "%s\n", content.error().describe().c_str());
        return false;
    }
    // Said before it runs: after a crash this line names the sample.
    std::printf("%s\n", sample.c_str());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(content.value().data(), content.value().size());
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        std::size_t count = 0;
        for (int i = 1; i < argc; ++i) {
            for (const auto& sample : samples_of(argv[i])) {
                if (!replay(sample)) return 1;
                ++count;
            }
        }
        std::printf("%zu samples\n", count);
        return count > 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
