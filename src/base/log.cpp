#include "base/log.hpp"

#include <unistd.h>

#include <array>
#include <chrono>

#include "base/clock.hpp"

namespace sealwright {

std::string escape_control(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= 0x20 && octet != 0x7f && octet < 0x80) {
            out += c;
        } else {
            out += "\\x";
            out += digits[octet >> 4];
            out += digits[octet & 15];
        }
    }
    return out;
}

void StderrLog::write(LogLevel level, std::string_view room, std::string_view text) noexcept {
    if (level < least_) return;
    constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    try {
        std::string line = to_rfc3339(SystemClock{}.now());
        line += ' ';
        line += names[static_cast<std::size_t>(level)];
        line += ' ';
        line += room;
        line += ": ";
        line += escape_control(text);
        line += '\n';
        // One write a line: lines of several threads do not mix, and there is no buffer to lose.
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    } catch (...) {
        // A log line that cannot be made must not end the program.
    }
}

}  // namespace sealwright
