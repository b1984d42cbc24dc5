#include "cli/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/printable.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kMaxAnswer = 256;

class ControllingTerminal final : public Terminal {
public:
    ControllingTerminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
    ~ControllingTerminal() override {
        if (fd_ >= 0) ::close(fd_);
    }
    ControllingTerminal(const ControllingTerminal&) = delete;
    ControllingTerminal& operator=(const ControllingTerminal&) = delete;

    bool attended() const override { return fd_ >= 0; }

    Result<bool> confirm(std::string_view question) override {
        if (!attended()) return fail(ErrorCode::unavailable, "there is no terminal to ask for confirmation");
        SEALWRIGHT_TRY(write_all(printable(question) + " [y/N] "));
        SEALWRIGHT_TRY(const auto answer, read_line());
        return answer == "y" || answer == "Y" || answer == "yes" || answer == "Yes" || answer == "YES";
    }

    Result<Secret> secret(std::string_view prompt) override { return read_secret_from_prompt(printable(prompt) + " "); }

private:
    Result<void> write_all(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t count = ::write(fd_, text.data(), text.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(ErrorCode::io, "the terminal cannot be written", std::strerror(errno));
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return success();
    }

    Result<std::string> read_line() const {
        std::string line;
        for (;;) {
            char c = 0;
            const ssize_t count = ::read(fd_, &c, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(ErrorCode::io, "the terminal cannot be read", std::strerror(errno));
            if (count == 0 || c == '\n') return line;
            if (line.size() < kMaxAnswer) line += c;
        }
    }

    int fd_;
};

}  // namespace

std::unique_ptr<Terminal> make_terminal() { return std::make_unique<ControllingTerminal>(); }

std::optional<std::size_t> terminal_width(int fd) noexcept {
    winsize size{};
    if (::isatty(fd) == 0 || ::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
    return size.ws_col;
}

bool is_terminal(int fd) noexcept { return ::isatty(fd) != 0; }

}  // namespace sealwright::cli
