// secret.hpp: octets that must not outlive their use: zeroised, locked in memory where the kernel allows, kept out of core files, never
// printable, never copied by accident.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sealwright {

// zeroise overwrites memory so that the compiler cannot leave it out.
void zeroise(void* data, std::size_t size) noexcept;

// Secret owns up to a fixed number of octets in pages of its own (mlock, MADV_DONTDUMP, MADV_DONTFORK where the kernel obeys).
// Move-only; there is no stream operator and no conversion to string. Not thread-safe for writing.
class Secret {
public:
    Secret() = default;
    // copy_of copies octets in; the caller zeroises its own copy.
    static Secret copy_of(ByteView bytes);
    // with_capacity makes an empty Secret that append can fill without ever moving.
    static Secret with_capacity(std::size_t capacity);

    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    // append adds one octet; false when the capacity is used up.
    bool append(std::uint8_t octet) noexcept;
    // clone is the deliberate copy.
    Secret clone() const { return copy_of(reveal()); }
    // reveal shows the octets for the moment of use; do not store the view.
    ByteView reveal() const noexcept { return {data_, size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    // clear zeroises now.
    void clear() noexcept;

private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

// read_secret_from_fd reads one line (without its newline) or all of a descriptor, at most limit octets; the descriptor stays open.
Result<Secret> read_secret_from_fd(int fd, std::size_t limit = 1024);

// read_secret_from_file reads a credentials file, as systemd's LoadCredential gives it; a file that group or others can write is refused.
Result<Secret> read_secret_from_file(const std::string& path, std::size_t limit = 1024);

// read_secret_from_prompt asks on the controlling terminal with echo off; fails with unavailable where there is none.
Result<Secret> read_secret_from_prompt(std::string_view prompt, std::size_t limit = 1024);

}  // namespace sealwright
