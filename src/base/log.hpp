// log.hpp: the operator's log as a port. The audit log is another thing (audit/log.hpp): this one may be lost, that one may not.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace sealwright {

enum class LogLevel { debug, info, warning, error };

class Log {
public:
    virtual ~Log() = default;
    // write must not throw and is thread-safe. text holds no secret; control characters in it are escaped by the adapter.
    virtual void write(LogLevel level, std::string_view room, std::string_view text) noexcept = 0;

    void debug(std::string_view room, std::string_view text) noexcept { write(LogLevel::debug, room, text); }
    void info(std::string_view room, std::string_view text) noexcept { write(LogLevel::info, room, text); }
    void warning(std::string_view room, std::string_view text) noexcept { write(LogLevel::warning, room, text); }
    void error(std::string_view room, std::string_view text) noexcept { write(LogLevel::error, room, text); }
};

// NullLog forgets everything; for tests and libraries.
class NullLog final : public Log {
public:
    void write(LogLevel, std::string_view, std::string_view) noexcept override {}
};

// StderrLog writes "time level room: text" lines to standard error, control characters escaped; what systemd's journal expects.
class StderrLog final : public Log {
public:
    explicit StderrLog(LogLevel least) : least_(least) {}
    void write(LogLevel level, std::string_view room, std::string_view text) noexcept override;

private:
    LogLevel least_;
};

// escape_control replaces control characters and invalid bytes by \xNN, so that hostile text cannot forge lines or drive a terminal.
std::string escape_control(std::string_view text);

}  // namespace sealwright
