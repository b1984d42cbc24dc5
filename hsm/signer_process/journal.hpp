// journal.hpp: the signer's memory: an append-only, chained file in which every intent is durable before the token is
// asked. What it has seen decides what is refused: intents used twice, CRL numbers and tree sizes that do not grow,
// older epochs, a clock that went back.
#pragma once

#include <filesystem>
#include <map>
#include <unordered_set>

#include "base/log.hpp"
#include "hsm/signer_process/intent_index.hpp"
#include "hsm/signer_process/journal_record.hpp"
#include "hsm/signer_process/journal_rules.hpp"
#include "hsm/signer_process/signing_rate.hpp"
#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {

// Journal is used by one thread. Records are staged, then committed together: one write and one fdatasync for all.
class Journal {
public:
    // open creates the file or reads it whole: a torn tail is dropped with a line in the log, damage anywhere else is
    // refused (storage), a file that another signer has open is a conflict, a record of a type that a newer signer
    // wrote is unsupported.
    static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& path, const Clock& clock, Log& log,
                                                 JournalRules rules = {});

    // stage puts a record into the next commit. An intent is refused with: denied (older epoch, or a node that has not
    // fenced), conflict (intent used before; CRL number or tree size not greater, or another root for the same size),
    // clock, overloaded (the key has signed its max_per_hour; the log is told once). A fence is refused with conflict
    // when a newer epoch was seen, with denied for a node that may not be, with overloaded when there were too many new
    // boots in a minute; one that is known already stages nothing.
    // Results are never refused and are kept until they are durable.
    Result<void> stage(const IntentRecord& intent);
    Result<void> stage(const FenceRecord& fence);
    void stage(const ResultRecord& result);
    Result<void> stage(const ProofRecord& proof);  // refused by the clock alone
    bool has_staged() const noexcept {
        return !intents_.empty() || !fences_.empty() || !results_.empty() || !proofs_.empty() || !opened_.empty() ||
               clock_back_.has_value();
    }

    // note_opening counts a request to decrypt, or refuses it (overloaded: the key's max_per_hour). What was counted is
    // staged by stage_openings: what is a minute old, or all of it. It stays until it is durable.
    Result<void> note_opening(const KeyId& key);
    bool has_openings() const noexcept { return !openings_.empty(); }
    void stage_openings(bool all);

    // accept_clock makes durable that a person gave up the times that lie ahead of the clock, and gives the latest of
    // them; nothing, where the clock is not behind the journal.
    Result<std::optional<UtcTime>> accept_clock();

    // commit makes everything staged durable and gives the sequence number of the first staged intent; the others
    // follow in their order. On failure (storage) the file is what it was before, staged intents, fences and proofs are
    // forgotten, results kept for the next commit.
    Result<std::uint64_t> commit();

    // probe says whether the file can be written again after a failed commit.
    bool healthy() const noexcept { return !failing_; }

    Result<JournalState> look_up(const IntentId& intent) const;
    // has_seen says that the journal has seen this boot of the node, or an earlier one. Where it has not (it was lost,
    // and another begun), that it has never seen an intent of that boot proves nothing.
    bool has_seen(const NodeId& node, BootEpoch epoch) const;
    BootEpoch fenced_epoch(const NodeId& node) const;  // 0: never seen
    UtcTime last_time() const noexcept { return last_time_; }
    std::uint64_t last_sequence() const noexcept { return sequence_; }
    std::optional<std::uint64_t> last_crl_number(const KeyId& key, const Sha256& issuer) const;

private:
    using CrlKey = std::pair<KeyId, Sha256>;

    // Use is what a key with a limit has done in the last hour.
    struct Use {
        std::uint32_t most = 0;
        SigningRate rate;
        std::uint64_t staged = 0;    // and not durable yet
        std::uint64_t openings = 0;  // and not in a durable record yet
        bool is_spent = false;       // said once in the log
    };

    Journal(std::filesystem::path path, Descriptor file, const Clock& clock, Log& log, JournalRules rules);

    Result<void> create();
    Result<void> recover(ByteView octets);
    Result<void> drop_tail(ByteView octets, std::size_t whole);
    Result<void> heal();
    Result<void> write(ByteView octets);
    Result<void> sync();
    void apply(const JournalRecord& record, std::uint64_t offset);
    Bytes encode(std::vector<std::pair<JournalRecord, std::uint64_t>>& records, Sha256& digest) const;
    BootEpoch newest_fence(const NodeId& node) const;
    Result<void> check_subject(const IntentRecord& intent) const;
    Result<void> check_time() const;
    Result<void> check_rate(const KeyId& key);
    Result<void> check_node(const NodeId& node) const;
    Result<void> check_fence_rate();
    std::string name_of(const KeyId& key) const;
    std::uint64_t max_step(const KeyId& key) const;
    void note_failure(const Error& error);

    std::filesystem::path path_;
    Descriptor file_;
    const Clock& clock_;
    Log& log_;
    const JournalRules rules_;

    // What is durable.
    std::uint64_t size_ = 0;
    std::uint64_t sequence_ = 0;
    Sha256 digest_;
    UtcTime last_time_{};
    IntentIndex index_;
    std::map<NodeId, BootEpoch> epochs_, first_epochs_;
    std::map<CrlKey, std::uint64_t> crl_numbers_;
    std::map<Sha256, CheckpointSubject> checkpoints_;
    std::map<KeyId, Use> uses_;  // of keys with a limit alone

    // What is staged.
    std::vector<IntentRecord> intents_;
    std::vector<FenceRecord> fences_;
    std::vector<ResultRecord> results_;
    std::vector<ProofRecord> proofs_;
    std::vector<OpenedRecord> opened_;
    std::optional<ClockRecord> clock_back_;
    std::map<KeyId, std::uint32_t> openings_;  // not staged yet
    UtcTime openings_since_{};
    std::unordered_set<IntentId> staged_ids_;
    std::map<CrlKey, std::uint64_t> staged_crl_numbers_;
    std::map<Sha256, CheckpointSubject> staged_checkpoints_;

    // New boots that were declared in this minute.
    UtcTime fences_since_{};
    unsigned fences_lately_ = 0;

    bool dirty_ = false;    // the file may hold more than size_ octets
    bool failing_ = false;  // the last commit failed; said once in the log
};

}  // namespace sealwright::hsm::signer_process
