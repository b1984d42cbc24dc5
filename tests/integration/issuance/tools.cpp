#include "tools.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/file.hpp"
#include "x509/certificate.hpp"

namespace sealwright::test {
namespace {

[[noreturn]] void give_up(const std::string& why) {
    std::cerr << "the test's surroundings fail: " << why << std::endl;
    std::abort();
}

}  // namespace

Tools::Tools() {
    std::string name = (std::filesystem::temp_directory_path() / "sealwright-issuance-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) give_up("mkdtemp");
    folder_ = name;
}

Tools::~Tools() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void Tools::write(const std::string& name, ByteView octets) const {
    if (auto written = write_file_atomically(folder_ / name, octets); !written) give_up(written.error().describe());
}

void Tools::write_pem(const std::string& name, std::string_view label, ByteView der) const {
    write(name, view_of(x509::encode_pem(label, der)));
}

Bytes Tools::read(const std::string& name) const {
    auto octets = read_file(folder_ / name, 1U << 20U);
    if (!octets) give_up(octets.error().describe());
    return std::move(octets).value();
}

Tools::Outcome Tools::run(const std::string& command) const {
    const std::string whole = "cd '" + folder_.string() + "' && { " + command + "; } 2>&1";
    FILE* pipe = ::popen(whole.c_str(), "r");
    if (pipe == nullptr) give_up("cannot run " + command);
    Outcome outcome;
    std::array<char, 4096> chunk{};
    for (std::size_t count = 0; (count = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
        outcome.output.append(chunk.data(), count);
    const int status = ::pclose(pipe);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
}

void Tools::must(const std::string& command) const {
    const auto outcome = run(command);
    if (outcome.status != 0) give_up(command + " ended with " + std::to_string(outcome.status) + ": " + outcome.output);
}

}  // namespace sealwright::test
