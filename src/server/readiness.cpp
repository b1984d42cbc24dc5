#include "server/readiness.hpp"

namespace sealwright::server {

void Readiness::set(std::string_view topic, std::string reason) {
    const std::lock_guard lock{mutex_};
    reasons_.insert_or_assign(std::string{topic}, std::move(reason));
}

void Readiness::clear(std::string_view topic) {
    const std::lock_guard lock{mutex_};
    if (const auto found = reasons_.find(topic); found != reasons_.end()) reasons_.erase(found);
}

void Readiness::update(std::string_view topic, bool well, std::string_view reason) {
    if (well) {
        clear(topic);
    } else {
        set(topic, std::string{reason});
    }
}

std::vector<std::string> Readiness::reasons() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> all;
    for (const auto& [topic, reason] : reasons_) all.push_back(reason);
    return all;
}

bool Readiness::ready() const {
    const std::lock_guard lock{mutex_};
    return reasons_.empty();
}

}  // namespace sealwright::server
