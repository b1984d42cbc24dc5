#include "hsm/signer_process/refusal_log.hpp"

#include <algorithm>
#include <utility>

namespace sealwright::hsm::signer_process {
namespace {

std::string left_out_text(std::uint64_t count) { return std::to_string(count) + " lines of refusals were left out"; }

}  // namespace

RefusalLog::RefusalLog(Log& log, Now now) : log_(log), now_(std::move(now)), last_(now_()) {}

RefusalLog::~RefusalLog() {
    if (left_out_ != 0) log_.warning("signer", left_out_text(left_out_));
}

void RefusalLog::write(LogLevel level, std::string_view room, std::string_view text) noexcept {
    const std::scoped_lock lock{mutex_};
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(now_() - last_);
    if (since.count() > 0) {
        last_ += since;
        credit_ = static_cast<unsigned>(
            std::min<std::int64_t>(kBurst, credit_ + std::min<std::int64_t>(since.count(), kBurst)));
    }
    if (credit_ == 0) {
        ++left_out_;
        return;
    }
    --credit_;
    if (left_out_ != 0) log_.write(level, room, left_out_text(std::exchange(left_out_, 0)));
    log_.write(level, room, text);
}

}  // namespace sealwright::hsm::signer_process
