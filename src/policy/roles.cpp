// roles.cpp: which role may do what on the admin socket.
#include <unistd.h>

#include "policy/decision.hpp"

namespace sealwright::policy {
namespace {

struct Role {
    std::string_view name;
    std::initializer_list<Action> actions;
};

// Duties are apart: who issues does not approve, who configures does neither. A person with two duties needs two roles.
const Role kRoles[] = {
    {"auditor", {Action::read}},
    {"officer", {Action::read, Action::approve, Action::revoke}},
    {"operator", {Action::read, Action::issue, Action::manage_secrets, Action::publish}},
    {"administrator", {Action::read, Action::configure}},
};

bool role_allows(std::string_view role, Action action) noexcept {
    for (const auto& known : kRoles) {
        if (known.name == role)
            return std::find(known.actions.begin(), known.actions.end(), action) != known.actions.end();
    }
    return false;
}

std::string roles_for(Action action) {
    std::string out;
    for (const auto& role : kRoles) {
        if (role_allows(role.name, action)) out.append(out.empty() ? "" : " or ").append(role.name);
    }
    return out;
}

// Where configuration gives no roles, root and the daemon's own account have all of them.
bool is_owner(const LocalPrincipal& local) noexcept {
    return local.roles.empty() && (local.uid == 0 || local.uid == ::geteuid());
}

}  // namespace

std::string_view action_name(Action action) noexcept {
    switch (action) {
        case Action::read:
            return "read";
        case Action::issue:
            return "issue";
        case Action::revoke:
            return "revoke";
        case Action::manage_secrets:
            return "manage_secrets";
        case Action::publish:
            return "publish";
        case Action::approve:
            return "approve";
        case Action::configure:
            return "configure";
    }
    return "unknown";
}

bool is_role(std::string_view name) noexcept {
    return std::any_of(std::begin(kRoles), std::end(kRoles), [&](const Role& role) { return role.name == name; });
}

Result<void> check_role(const Principal& principal, Action action) {
    const auto* local = std::get_if<LocalPrincipal>(&principal);
    if (local == nullptr) {
        return fail(ErrorCode::denied, std::string{action_name(action)} + " is for local operators only",
                    describe(principal));
    }
    if (is_owner(*local)) return success();
    for (const auto& role : local->roles) {
        if (role_allows(role, action)) return success();
    }
    return fail(ErrorCode::denied, std::string{action_name(action)} + " needs the role " + roles_for(action),
                describe(principal));
}

}  // namespace sealwright::policy
