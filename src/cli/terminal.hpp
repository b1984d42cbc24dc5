// terminal.hpp: the person in front of the program, as a port: questions that must be answered, and secrets that must
// not be seen.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/secret.hpp"

namespace sealwright::cli {

class Terminal {
public:
    virtual ~Terminal() = default;
    // attended says whether there is somebody to ask.
    virtual bool attended() const = 0;
    // confirm asks a yes-or-no question; only "y" and "yes" are yes, and no answer is no. unavailable where there is
    // nobody to ask.
    virtual Result<bool> confirm(std::string_view question) = 0;
    // secret asks with echo off.
    virtual Result<Secret> secret(std::string_view prompt) = 0;
};

// make_terminal asks on the controlling terminal, whatever standard input and output are redirected to.
std::unique_ptr<Terminal> make_terminal();

// terminal_width is the width of the terminal behind a descriptor; none where it is no terminal.
std::optional<std::size_t> terminal_width(int fd) noexcept;

// is_terminal says whether a descriptor is a terminal.
bool is_terminal(int fd) noexcept;

}  // namespace sealwright::cli
