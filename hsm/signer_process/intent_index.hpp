// intent_index.hpp: which intents the journal holds, where, and how they ended: 16 octets of memory each (at most 40
// while it grows).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "hsm/signer.hpp"

namespace sealwright::hsm::signer_process {

// IntentIndex is an open-addressed table by a keyed 64-bit fingerprint, with a random key of its own, so that a client
// that chooses its intents cannot make them collide. A hit is confirmed by the record itself wherever a false one would
// matter.
class IntentIndex {
public:
    IntentIndex();

    struct Entry {
        std::uint64_t offset = 0;  // of the intent's record in the file
        JournalState state = JournalState::may_have_signed;
    };

    void insert(const IntentId& intent, std::uint64_t offset);
    // settle sets how an intent ended; an intent that is not in the index is none of those that are kept.
    void settle(const IntentId& intent, JournalState state);
    // find gives the first entry that the record confirms.
    std::optional<Entry> find(const IntentId& intent, const std::function<bool(std::uint64_t offset)>& confirms) const;
    std::size_t size() const noexcept { return count_; }

private:
    struct Slot {
        std::uint64_t fingerprint = 0;  // 0: empty
        std::uint64_t value = 0;        // offset << 8 | state
    };

    std::uint64_t fingerprint_of(const IntentId& intent) const noexcept;
    void grow();

    std::uint64_t key_[2];
    std::vector<Slot> slots_;
    std::size_t count_ = 0;
};

}  // namespace sealwright::hsm::signer_process
