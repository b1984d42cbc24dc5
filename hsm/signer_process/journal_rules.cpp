#include "hsm/signer_process/journal_rules.hpp"

namespace sealwright::hsm::signer_process {

JournalRules rules_of(const Configuration& configuration) {
    JournalRules rules;
    for (const KeyLimits& key : configuration.keys) {
        rules.keys[key.id] = {key.name, key.max_per_hour,
                              key.checkpoint ? key.checkpoint->max_step.value_or(kTreeSizeStep) : kTreeSizeStep};
    }
    rules.nodes.insert(configuration.nodes.begin(), configuration.nodes.end());
    return rules;
}

}  // namespace sealwright::hsm::signer_process
