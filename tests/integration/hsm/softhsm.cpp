#include "softhsm.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace sealwright::test {
namespace {

[[noreturn]] void give_up(const std::string& why) {
    std::cerr << "the test's surroundings fail: " << why << std::endl;
    std::abort();
}

std::string find_module() {
    // Another build of SoftHSM, for what the system's does not have (RSA-AES before 2.7).
    if (const char* other = std::getenv("SEALWRIGHT_TEST_SOFTHSM"); other != nullptr && *other != '\0') return other;
    for (const char* path : {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                             "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"}) {
        if (std::filesystem::exists(path)) return path;
    }
    give_up("no SoftHSM on this machine (package softhsm2)");
}

// member_of reads "name":"value" out of one line of JSON that our own tool wrote.
std::string member_of(const std::string& json, const std::string& name) {
    const std::string mark = "\"" + name + "\":\"";
    const auto begin = json.find(mark);
    if (begin == std::string::npos) give_up("no " + name + " in " + json);
    const auto end = json.find('"', begin + mark.size());
    return json.substr(begin + mark.size(), end - begin - mark.size());
}

}  // namespace

std::string run_command(const std::string& command) {
    FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) give_up("cannot run " + command);
    std::string output;
    std::array<char, 4096> chunk{};
    for (std::size_t count = 0; (count = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
        output.append(chunk.data(), count);
    const int status = ::pclose(pipe);
    if (status != 0) give_up(command + " ended with " + std::to_string(status) + ": " + output);
    return output;
}

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sealwright-hsm-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) give_up("mkdtemp");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void write_text(const std::filesystem::path& path, std::string_view text) {
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file || ::chmod(path.c_str(), 0600) != 0) give_up("cannot write " + path.string());
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

SoftHsm::SoftHsm() : module_(find_module()) {
    const auto tokens = folder() / "tokens";
    std::filesystem::create_directory(tokens);
    write_text(folder() / "softhsm2.conf",
               "directories.tokendir = " + tokens.string() + "\nobjectstore.backend = file\nlog.level = ERROR\n");
    write_text(pin_file(), kPin);
    write_text(folder() / "so-pin", "31415926");
    ::setenv("SOFTHSM2_CONF", (folder() / "softhsm2.conf").c_str(), 1);
}

std::string SoftHsm::add_token(const std::string& label) {
    const std::string json =
        run_command(std::string{SEALWRIGHT_SOFTHSM_INIT} + " --module " + module_ + " --label '" + label +
                    "' --pin-file " + pin_file().string() + " --so-pin-file " + (folder() / "so-pin").string());
    return member_of(json, "serial");
}

Secret SoftHsm::pin() { return Secret::copy_of(view_of(kPin)); }

}  // namespace sealwright::test
