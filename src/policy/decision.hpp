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
struct AwaitApprovals { unsigned needed = 1; };
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

// decide is pure. Every reason for a refusal is listed.
Decision decide(const Question& question);

// Action is what a local operator may do; check_role says whether the principal's roles allow it (roles: auditor: read only; officer: approve, revoke,
// hold, release; operator: issue, secrets, publish; administrator: configuration). uid 0 and the daemon's own uid have all roles unless configured otherwise.
enum class Action : std::uint8_t { read, issue, revoke, manage_secrets, publish, approve, configure };
Result<void> check_role(const Principal& principal, Action action);

}  // namespace sealwright::policy
