// refusal_log.hpp: a log for lines that somebody else can cause: they must not fill the disk.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>

#include "base/log.hpp"

namespace sealwright::hsm::signer_process {

// RefusalLog passes a burst of lines on, then one a second, which says how many were left out before it. Thread-safe;
// log outlives it.
class RefusalLog final : public Log {
public:
    using Now = std::function<std::chrono::steady_clock::time_point()>;
    static constexpr unsigned kBurst = 20;

    explicit RefusalLog(Log& log, Now now = std::chrono::steady_clock::now);
    ~RefusalLog() override;
    void write(LogLevel level, std::string_view room, std::string_view text) noexcept override;

private:
    Log& log_;
    const Now now_;
    std::mutex mutex_;
    unsigned credit_ = kBurst;
    std::chrono::steady_clock::time_point last_;  // when credit was given
    std::uint64_t left_out_ = 0;
};

}  // namespace sealwright::hsm::signer_process
