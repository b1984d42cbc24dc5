// openssl_cli.hpp: the openssl and certtool programs as counterparts: a folder of its own, commands run in it, their
// files read back.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/bytes.hpp"

namespace sealwright::test {

class OpensslCli {
public:
    OpensslCli() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sealwright-cli-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
        folder_ = pattern;
    }
    ~OpensslCli() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    OpensslCli(const OpensslCli&) = delete;
    OpensslCli& operator=(const OpensslCli&) = delete;

    // succeeds runs a shell command in the folder and says whether its exit status was 0; output() then has what it
    // wrote.
    bool succeeds(const std::string& command) {
        const std::string whole = "cd '" + folder_.string() + "' && { " + command + " ; } >output.txt 2>&1";
        const int status = std::system(whole.c_str());
        output_ = std::string{text_of(read("output.txt"))};
        return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    // run is for commands that must succeed: a test that lost its counterpart must not pass.
    void run(const std::string& command) {
        if (!succeeds(command)) throw std::runtime_error{command + "\n" + output_};
    }
    const std::string& output() const { return output_; }

    Bytes read(const std::string& name) const {
        std::ifstream in{folder_ / name, std::ios::binary};
        if (!in) throw std::runtime_error{"cannot read " + name};
        return Bytes(std::istreambuf_iterator<char>{in}, {});
    }
    void write(const std::string& name, ByteView content) const {
        std::ofstream out{folder_ / name, std::ios::binary};
        out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
        if (!out) throw std::runtime_error{"cannot write " + name};
    }
    void write(const std::string& name, std::string_view text) const { write(name, view_of(text)); }
    std::filesystem::path path(const std::string& name) const { return folder_ / name; }

private:
    std::filesystem::path folder_;
    std::string output_;
};

}  // namespace sealwright::test
