// identity.hpp: who is behind a connection to the admin socket, and which roles configuration gives him.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "http_server/message.hpp"
#include "policy/principal.hpp"
#include "server/config.hpp"

namespace sealwright::server {

// user_name_of gives what the system calls a user, or nothing.
std::string user_name_of(std::uint32_t uid);

// Identities is thread-safe.
class Identities {
public:
    // make resolves user names now: one that the system does not know is a config error (all of them are named).
    static Result<Identities> make(const std::map<std::string, Config::Accounts>& roles);
    Identities(Identities&& other) noexcept : roles_(std::move(other.roles_)) {}

    policy::LocalPrincipal identify(const http_server::PeerCredentials& credentials);

private:
    Identities() = default;
    std::string user_name(std::uint32_t uid);

    std::map<std::uint32_t, std::vector<std::string>> roles_;
    std::mutex mutex_;
    std::map<std::uint32_t, std::string> names_;  // what the system said; bounded
};

}  // namespace sealwright::server
