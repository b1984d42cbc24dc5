// journal_rules.hpp: what the configuration allows that only the journal can tell: how much a key has signed, which
// nodes have declared themselves, how far a log has grown.
#pragma once

#include <map>
#include <set>

#include "hsm/signer_process/config.hpp"

namespace sealwright::hsm::signer_process {

// What the audit log may grow by between two checkpoints, where its key says nothing else.
inline constexpr std::uint64_t kTreeSizeStep = 1U << 20U;
// How many nodes may declare themselves where the configuration does not name them.
inline constexpr std::size_t kMaxNodes = 64;
// How many new boots all nodes may declare in a minute: each is a record. A daemon that crashes at once stays below.
inline constexpr unsigned kMaxFencesAMinute = 120;

struct JournalRules {
    struct KeyRule {
        std::string name;
        std::optional<std::uint32_t> max_per_hour;
        std::uint64_t max_step = kTreeSizeStep;
    };
    std::map<KeyId, KeyRule> keys;
    std::set<NodeId> nodes;  // empty: any, at most kMaxNodes
};

JournalRules rules_of(const Configuration& configuration);

}  // namespace sealwright::hsm::signer_process
