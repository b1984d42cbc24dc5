#include "support/recording_boundary.hpp"

#include <mutex>
#include <utility>

#include "base/boundary.hpp"

namespace sealwright {
namespace {

std::mutex mutex;
std::vector<std::string> passed;
std::function<void(std::string_view)> observer;

}  // namespace

void at_boundary(std::string_view name) noexcept {
    std::function<void(std::string_view)> hook;
    {
        const std::lock_guard lock{mutex};
        passed.emplace_back(name);
        hook = observer;
    }
    if (hook) hook(name);
}

namespace test {

std::vector<std::string> take_boundaries() {
    const std::lock_guard lock{mutex};
    return std::exchange(passed, {});
}

void on_boundary(std::function<void(std::string_view)> hook) {
    const std::lock_guard lock{mutex};
    observer = std::move(hook);
}

}  // namespace test
}  // namespace sealwright
