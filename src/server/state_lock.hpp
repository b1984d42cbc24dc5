// state_lock.hpp: one daemon a state folder.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace sealwright::server {

// StateLock holds an advisory lock on a file in the folder as long as it lives. The kernel gives it up with the
// process.
class StateLock {
public:
    // take makes the folder (0700) where there is none; conflict where another process holds the lock.
    static Result<StateLock> take(const std::filesystem::path& folder);
    StateLock(StateLock&& other) noexcept;
    StateLock& operator=(StateLock&&) = delete;
    ~StateLock();

private:
    explicit StateLock(int fd) noexcept : fd_(fd) {}
    int fd_;
};

}  // namespace sealwright::server
