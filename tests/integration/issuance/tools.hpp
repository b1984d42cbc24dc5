// tools.hpp: other implementations, as programs, for one test: files in a folder of its own, commands, what they say.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.hpp"

namespace sealwright::test {

class Tools {
public:
    Tools();
    ~Tools();
    Tools(const Tools&) = delete;
    Tools& operator=(const Tools&) = delete;

    const std::filesystem::path& folder() const noexcept { return folder_; }
    void write(const std::string& name, ByteView octets) const;
    void write_pem(const std::string& name, std::string_view label, ByteView der) const;
    Bytes read(const std::string& name) const;

    struct Outcome {
        int status = 0;
        std::string output;  // standard output and error
    };
    // run runs a shell command in the folder.
    Outcome run(const std::string& command) const;
    // must is run for what only prepares a test: anything but success ends the program.
    void must(const std::string& command) const;

private:
    std::filesystem::path folder_;
};

}  // namespace sealwright::test
