// recording_log.hpp: the log port that remembers its lines, for tests.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"

namespace sealwright::test {

class RecordingLog final : public Log {
public:
    struct Line {
        LogLevel level;
        std::string room, text;
    };
    void write(LogLevel level, std::string_view room, std::string_view text) noexcept override {
        const std::lock_guard lock{mutex_};
        lines_.push_back({level, std::string{room}, std::string{text}});
    }
    std::vector<Line> lines() const {
        const std::lock_guard lock{mutex_};
        return lines_;
    }
    // mentions says whether a line of at least this level contains text.
    bool mentions(std::string_view text, LogLevel least = LogLevel::debug) const {
        const std::lock_guard lock{mutex_};
        for (const auto& line : lines_) {
            if (line.level >= least && line.text.find(text) != std::string::npos) return true;
        }
        return false;
    }

private:
    mutable std::mutex mutex_;
    std::vector<Line> lines_;
};

}  // namespace sealwright::test
