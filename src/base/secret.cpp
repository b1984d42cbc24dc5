#include "base/secret.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace sealwright {
namespace {

std::size_t page_size() noexcept {
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t whole_pages(std::size_t size) noexcept { return (size + page_size() - 1) / page_size() * page_size(); }

// Descriptor closes what it owns.
class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

// EchoOff silences a terminal for as long as it lives.
class EchoOff {
public:
    explicit EchoOff(int fd) noexcept : fd_(fd), active_(::tcgetattr(fd, &before_) == 0) {
        if (!active_) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent.c_lflag |= ECHONL;
        active_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
    }
    ~EchoOff() {
        if (active_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

private:
    int fd_;
    termios before_{};
    bool active_;
};

}  // namespace

void zeroise(void* data, std::size_t size) noexcept {
    if (size > 0) ::explicit_bzero(data, size);
}

Secret Secret::with_capacity(std::size_t capacity) {
    Secret secret;
    if (capacity == 0) return secret;
    const std::size_t size = whole_pages(capacity);
    void* pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc{};
    // A small RLIMIT_MEMLOCK is no reason to fail: DONTDUMP and zeroising still hold.
    (void)::mlock(pages, size);
    (void)::madvise(pages, size, MADV_DONTDUMP);
    (void)::madvise(pages, size, MADV_DONTFORK);
    secret.data_ = static_cast<std::uint8_t*>(pages);
    secret.capacity_ = capacity;
    return secret;
}

Secret Secret::copy_of(ByteView bytes) {
    Secret secret = with_capacity(bytes.size());
    for (const std::uint8_t octet : bytes) secret.append(octet);
    return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        Secret old{std::move(*this)};
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
}

Secret::~Secret() {
    if (data_ == nullptr) return;
    zeroise(data_, capacity_);
    ::munmap(data_, whole_pages(capacity_));
}

bool Secret::append(std::uint8_t octet) noexcept {
    if (size_ == capacity_) return false;
    data_[size_++] = octet;
    return true;
}

void Secret::clear() noexcept {
    if (data_ != nullptr) zeroise(data_, capacity_);
    size_ = 0;
}

Result<Secret> read_secret_from_fd(int fd, std::size_t limit) {
    Secret secret = Secret::with_capacity(limit);
    // One octet a read: nothing of the secret rests in a buffer, and nothing after the newline is consumed.
    for (;;) {
        std::uint8_t octet = 0;
        const ssize_t count = ::read(fd, &octet, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(ErrorCode::io, "the secret cannot be read", std::strerror(errno));
        if (count == 0 || octet == '\n') break;
        const bool stored = secret.append(octet);
        zeroise(&octet, 1);
        if (!stored) return fail(ErrorCode::too_large, "the secret is longer than " + std::to_string(limit) + " octets");
    }
    if (secret.empty()) return fail(ErrorCode::malformed, "the secret is empty");
    return secret;
}

Result<Secret> read_secret_from_file(const std::string& path, std::size_t limit) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (file.get() < 0) return fail(ErrorCode::io, "the credentials file " + path + " cannot be opened", std::strerror(errno));
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return fail(ErrorCode::io, "the credentials file " + path + " cannot be examined", std::strerror(errno));
    if (S_ISREG(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0) {
        return fail(ErrorCode::denied, "the credentials file " + path + " can be read by others or written by group or others; chmod 600 it");
    }
    return read_secret_from_fd(file.get(), limit);
}

Result<Secret> read_secret_from_prompt(std::string_view prompt, std::size_t limit) {
    const Descriptor terminal{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    if (terminal.get() < 0) return fail(ErrorCode::unavailable, "there is no terminal to ask for a PIN; give it by file descriptor or credentials file");
    if (::write(terminal.get(), prompt.data(), prompt.size()) < 0) return fail(ErrorCode::io, "the terminal cannot be written", std::strerror(errno));
    const EchoOff silent{terminal.get()};
    return read_secret_from_fd(terminal.get(), limit);
}

}  // namespace sealwright
