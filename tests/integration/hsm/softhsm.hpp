// softhsm.hpp: a private SoftHSM for one test program: token folder, configuration and PINs of its own, gone when the
// program ends.
#pragma once

#include <filesystem>
#include <string>

#include "base/secret.hpp"

namespace sealwright::test {

// run_command runs a shell command and gives what it wrote to standard output; a status that is not 0 ends the test
// program.
std::string run_command(const std::string& command);

// TemporaryFolder is removed with all that is in it.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

// write_text writes a file, mode 600.
void write_text(const std::filesystem::path& path, std::string_view text);
std::string read_text(const std::filesystem::path& path);

// SoftHsm points SOFTHSM2_CONF of this process to itself. One a process: a module reads its configuration when it is
// initialised.
class SoftHsm {
public:
    SoftHsm();
    // add_token initialises a token; its PIN is kPin.
    std::string add_token(const std::string& label);  // gives the serial
    const std::filesystem::path& folder() const noexcept { return folder_.path(); }
    std::string module() const { return module_; }
    std::filesystem::path pin_file() const { return folder_.path() / "pin"; }
    static Secret pin();
    static constexpr std::string_view kPin = "27182818";

private:
    TemporaryFolder folder_;
    std::string module_;
};

}  // namespace sealwright::test
