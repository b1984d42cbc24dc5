#include "http_server/session_registry.hpp"

namespace sealwright::http_server {

void SessionRegistry::add(std::uint64_t id, std::weak_ptr<SessionControl> session) {
    const std::lock_guard lock{mutex_};
    sessions_.emplace(id, std::move(session));
}

void SessionRegistry::remove(std::uint64_t id) {
    {
        const std::lock_guard lock{mutex_};
        sessions_.erase(id);
    }
    changed_.notify_all();
}

std::size_t SessionRegistry::size() const {
    const std::lock_guard lock{mutex_};
    return sessions_.size();
}

// living takes the references under the lock, so that nothing is called under it: a session's end takes the same lock.
std::vector<std::shared_ptr<SessionControl>> SessionRegistry::living() const {
    std::vector<std::shared_ptr<SessionControl>> found;
    const std::lock_guard lock{mutex_};
    found.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) {
        if (auto alive = session.lock()) found.push_back(std::move(alive));
    }
    return found;
}

bool SessionRegistry::evict_idle() {
    std::shared_ptr<SessionControl> oldest;
    for (auto& session : living()) {
        const auto since = session->idle_since();
        if (since != 0 && (!oldest || since < oldest->idle_since())) oldest = std::move(session);
    }
    if (oldest) oldest->drain();
    return oldest != nullptr;
}

void SessionRegistry::for_each(const std::function<void(SessionControl&)>& visit) {
    for (const auto& session : living()) visit(*session);
}

bool SessionRegistry::wait_until_empty(std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return sessions_.empty(); });
}

}  // namespace sealwright::http_server
