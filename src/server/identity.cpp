#include "server/identity.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace sealwright::server {
namespace {

constexpr std::size_t kMaxNames = 1024;

std::optional<std::uint32_t> uid_of(const std::string& name) {
    std::array<char, 16384> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return found->pw_uid;
}

}  // namespace

std::string user_name_of(std::uint32_t uid) {
    std::array<char, 16384> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
    return found->pw_name;
}

Result<Identities> Identities::make(const std::map<std::string, Config::Accounts>& roles) {
    Identities identities;
    std::string unknown;
    for (const auto& [role, accounts] : roles) {
        for (const auto& account : accounts) {
            const auto* name = std::get_if<std::string>(&account);
            const auto uid = name == nullptr ? std::get<std::uint32_t>(account) : uid_of(*name);
            if (uid) {
                identities.roles_[*uid].push_back(role);
            } else {
                unknown += (unknown.empty() ? "" : "\n") + ("roles." + role + ": the system knows no user " + *name);
            }
        }
    }
    if (!unknown.empty()) return fail(ErrorCode::config, std::move(unknown));
    return identities;
}

std::string Identities::user_name(std::uint32_t uid) {
    {
        const std::lock_guard lock{mutex_};
        if (const auto found = names_.find(uid); found != names_.end()) return found->second;
    }
    // Outside the lock: a directory service can be slow.
    auto name = user_name_of(uid);
    const std::lock_guard lock{mutex_};
    if (names_.size() >= kMaxNames) names_.clear();
    names_[uid] = name;
    return name;
}

policy::LocalPrincipal Identities::identify(const http_server::PeerCredentials& credentials) {
    policy::LocalPrincipal principal{
        .uid = credentials.uid, .pid = credentials.pid, .user = user_name(credentials.uid), .roles = {}};
    if (const auto found = roles_.find(credentials.uid); found != roles_.end()) principal.roles = found->second;
    return principal;
}

}  // namespace sealwright::server
