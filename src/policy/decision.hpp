// decision.hpp: policy's answer: issue, deny with reasons, or wait for approvals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "policy/principal.hpp"
#include "profile/profile.hpp"

namespace sealwright::policy {

struct Issue {};
struct Deny { std::vector<std::string> reasons; };         // shown to the requester
struct AwaitApprovals { unsigned needed = 1; };            // how many are still missing
using Decision = std::variant<Issue, Deny, AwaitApprovals>;

struct Question {
    const Principal& principal;
    Channel channel;
    const profile::Profile& profile;
    UtcTime now{};
    // For a renewal: what is being renewed.
    std::optional<UtcTime> renewed_not_after;
    bool renewed_is_valid = false;    // not revoked, not expired, by the database
    bool same_key = false;
    unsigned approvals = 0;           // already given by officers other than the requester
};

// decide is pure (but for the account it runs under, see check_role). Every reason for a refusal is listed.
//
// What who.principals of the profile means: "secret": whoever holds a one-time secret that was made for this profile. "renewal": whoever proves a valid
// certificate of this profile inside its renewal window. "admin": a local operator whose roles let him issue. "uid:N", "user:NAME", "role:NAME": that
// operator, whatever his other roles. Anonymous requesters may nothing. The names that a principal may have certified are the template engine's business.
Decision decide(const Question& question);

// Action is what a local operator may do; check_role says whether the principal's roles allow it (roles: auditor: read only; officer: approve, revoke,
// hold, release; operator: issue, secrets, publish; administrator: configuration). uid 0 and the daemon's own uid have all roles unless configured otherwise.
enum class Action : std::uint8_t { read, issue, revoke, manage_secrets, publish, approve, configure };
std::string_view action_name(Action action) noexcept;
// is_role knows the four names; configuration refuses others.
bool is_role(std::string_view name) noexcept;
// check_role refuses (denied) all but local principals. An operator to whom configuration gave roles has those and no others, uid 0 too.
Result<void> check_role(const Principal& principal, Action action);

}  // namespace sealwright::policy
