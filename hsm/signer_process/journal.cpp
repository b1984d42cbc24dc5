#include "hsm/signer_process/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/boundary.hpp"
#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "hsm/signer_process/octets.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::string_view kRoom = "journal";

// A clock may be set back by this much (a leap second, a step of NTP) without stopping everything.
constexpr std::chrono::seconds kClockTolerance{10};

constexpr int kLockAttempts = 40;
constexpr useconds_t kLockPause = 25000;

// How far at once what only grows may grow. Whoever has taken over the daemon cannot, in one message, use up all
// numbers there are, and the store's are of 63 bits.
constexpr std::uint64_t kLargestNumber = (std::uint64_t{1} << 62U);
constexpr std::uint64_t kCrlNumberStep = 1U << 20U;
constexpr std::uint64_t kEpochStep = 1U << 16U;

// is_too_far says whether a number is beyond what may follow the last one.
bool is_too_far(std::uint64_t number, std::optional<std::uint64_t> last, std::uint64_t step) noexcept {
    return number > kLargestNumber || (last && number > *last && number - *last > step);
}

Error storage_error(std::string_view what) {
    return fail(ErrorCode::storage, "the signer's journal " + std::string{what}, std::strerror(errno));
}

// lock_file waits a moment: a signer that was killed leaves a process that is just ending.
bool lock_file(int fd) {
    for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
        ::usleep(kLockPause);
    }
    return false;
}

// is_indexed: intents that a node asks for by look_up.
bool is_indexed(Purpose purpose) noexcept { return purpose == Purpose::certificate || purpose == Purpose::crl; }

// Mapping is a file in memory, for reading it once.
class Mapping {
public:
    static Result<Mapping> of(int fd, std::size_t size) {
        void* octets = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (octets == MAP_FAILED) return storage_error("cannot be read");
        return Mapping{octets, size};
    }
    Mapping(Mapping&& other) noexcept : octets_(std::exchange(other.octets_, nullptr)), size_(other.size_) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    Mapping& operator=(Mapping&&) = delete;
    ~Mapping() {
        if (octets_ != nullptr) ::munmap(octets_, size_);
    }
    ByteView view() const noexcept { return {static_cast<const std::uint8_t*>(octets_), size_}; }

private:
    Mapping(void* octets, std::size_t size) : octets_(octets), size_(size) {}
    void* octets_;
    std::size_t size_;
};

// later_durable looks behind a record that cannot be read for whole records, and gives the highest sequence number that
// any of them calls durable. A record's chain value stands right before it, so that each can be checked by itself.
std::uint64_t later_durable(ByteView octets, std::size_t from) {
    std::uint64_t durable = 0;
    for (std::size_t at = from + kJournalDigest; at + 4 + kJournalDigest < octets.size(); ++at) {
        FieldReader fields{octets.subspan(at)};
        const auto length = fields.number<std::uint32_t>();
        if (length == 0 || length > kMaxJournalBody || length > octets.size() - at - 4) continue;
        const auto previous = Sha256::from(octets.subspan(at - kJournalDigest, kJournalDigest)).value();
        auto found = read_record(octets.subspan(at), previous);
        if (found) durable = std::max(durable, found.value().record.durable);
    }
    return durable;
}

// durable_behind asks the record right behind the broken one, should only the broken one's own digest be what is
// broken.
std::uint64_t durable_behind(ByteView octets, std::size_t broken, const Sha256& previous) {
    FieldReader fields{octets.subspan(broken)};
    const auto length = fields.number<std::uint32_t>();
    if (length == 0 || length > kMaxJournalBody || fields.octets(length + kJournalDigest).empty()) return 0;
    auto found = read_record(octets.subspan(broken + 4 + length + kJournalDigest),
                             record_digest(previous, octets.subspan(broken, 4 + length)));
    return found ? found.value().record.durable : 0;
}

}  // namespace

Journal::Journal(std::filesystem::path path, Descriptor file, const Clock& clock, Log& log, JournalRules rules)
    : path_(std::move(path)), file_(std::move(file)), clock_(clock), log_(log), rules_(std::move(rules)) {
    std::string unlimited;
    for (const auto& [key, rule] : rules_.keys) {
        if (rule.max_per_hour) {
            uses_[key].most = *rule.max_per_hour;
        } else {
            unlimited += (unlimited.empty() ? "" : ", ") + rule.name;
        }
    }
    if (!unlimited.empty())
        log_.info(kRoom, "no max_per_hour, so that a stolen daemon may use them without end: " + unlimited);
}

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& path, const Clock& clock, Log& log,
                                               JournalRules rules) {
    Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return storage_error("cannot be opened at " + path.string());
    if (!lock_file(file.get()))
        return fail(ErrorCode::conflict, "another signer has the journal " + path.string() + " open");
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return storage_error("is no regular file: " + path.string());
    const auto size = static_cast<std::size_t>(status.st_size);
    std::unique_ptr<Journal> journal{new Journal{path, std::move(file), clock, log, std::move(rules)}};
    if (size == 0) {
        SEALWRIGHT_TRY(journal->create());
    } else {
        SEALWRIGHT_TRY(const auto mapping, Mapping::of(journal->file_.get(), size));
        SEALWRIGHT_TRY(journal->recover(mapping.view()));
    }
    return journal;
}

Result<void> Journal::create() {
    crypto::SystemRandom random;
    std::array<std::uint8_t, 16> id{};
    random.fill(id);
    const Bytes header = make_journal_header(clock_.now(), id);
    SEALWRIGHT_TRY(write(header));
    SEALWRIGHT_TRY(sync());
    const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path{"."};
    if (auto synced = sync_directory(folder); !synced)
        return fail(ErrorCode::storage, "the journal's folder cannot be synced", synced.error().describe());
    size_ = header.size();
    digest_ = crypto::sha256(header);
    return success();
}

Result<void> Journal::recover(ByteView octets) {
    if (octets.size() < kJournalHeader) {
        // Only a creation that was interrupted leaves this; nothing was ever signed from it.
        log_.warning(kRoom, "the journal's header is torn; it begins anew");
        if (::ftruncate(file_.get(), 0) != 0) return storage_error("cannot be truncated");
        return create();
    }
    SEALWRIGHT_TRY(check_journal_header(octets));
    digest_ = crypto::sha256(octets.first(kJournalHeader));
    std::size_t at = kJournalHeader;
    while (at < octets.size()) {
        auto found = read_record(octets.subspan(at), digest_);
        // A chained record that nobody here can read is no torn write.
        if (!found && found.error().code() == ErrorCode::unsupported) return found.error();
        if (!found || found.value().record.sequence != sequence_ + 1) break;
        apply(found.value().record, at);
        digest_ = found.value().digest;
        at += found.value().size;
    }
    size_ = at;
    if (at < octets.size()) return drop_tail(octets, at);
    // What was read may not have reached the disk before the last stop.
    if (::fdatasync(file_.get()) != 0) return storage_error("cannot be synced");
    return success();
}

// drop_tail ends the journal at its last whole record, unless what follows shows that the broken one was durable once.
Result<void> Journal::drop_tail(ByteView octets, std::size_t whole) {
    const std::uint64_t broken = sequence_ + 1;
    if (std::max(later_durable(octets, whole), durable_behind(octets, whole, digest_)) >= broken) {
        return fail(ErrorCode::storage, "the signer's journal is damaged: record " + std::to_string(broken) +
                                            " at offset " + std::to_string(whole) +
                                            " was durable and cannot be read; the signer does not start on it");
    }
    log_.warning(kRoom, "dropped a torn tail of " + std::to_string(octets.size() - whole) + " octets behind record " +
                            std::to_string(sequence_) + "; nothing was signed from it");
    if (::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0 || ::fdatasync(file_.get()) != 0)
        return storage_error("cannot be truncated");
    return success();
}

// apply takes a durable record into what the journal knows.
void Journal::apply(const JournalRecord& record, std::uint64_t offset) {
    sequence_ = record.sequence;
    last_time_ = std::max(last_time_, record.time);
    if (const auto* intent = std::get_if<IntentRecord>(&record.what)) {
        if (is_indexed(intent->purpose)) index_.insert(intent->intent, offset);
        if (const auto use = uses_.find(intent->key); use != uses_.end()) use->second.rate.add(record.time);
        if (const auto* crl = std::get_if<CrlSubject>(&intent->subject)) {
            auto& last = crl_numbers_[{intent->key, crl->issuer}];
            last = std::max(last, crl->number);
        }
        if (const auto* checkpoint = std::get_if<CheckpointSubject>(&intent->subject))
            checkpoints_[checkpoint->origin] = *checkpoint;
    } else if (const auto* result = std::get_if<ResultRecord>(&record.what)) {
        if (result->outcome == Outcome::signed_) index_.settle(result->intent, JournalState::signed_);
        if (result->outcome == Outcome::failed) index_.settle(result->intent, JournalState::failed);
    } else if (const auto* fence = std::get_if<FenceRecord>(&record.what)) {
        epochs_[fence->node] = fence->epoch;
        first_epochs_.emplace(fence->node, fence->epoch);
    } else if (std::holds_alternative<ClockRecord>(record.what)) {
        last_time_ = record.time;
        for (auto& [key, use] : uses_) use.rate.move_to(record.time);
    } else if (const auto* opened = std::get_if<OpenedRecord>(&record.what)) {
        if (const auto use = uses_.find(opened->key); use != uses_.end())
            use->second.rate.add(record.time, opened->count);
    }
}

Result<void> Journal::check_time() const {
    const UtcTime now = clock_.now();
    if (now + kClockTolerance < last_time_) {
        return fail(ErrorCode::clock,
                    "the signer's clock went back behind its last record; nothing is signed until it has caught up, or "
                    "sealwright-signer --accept-clock has settled it",
                    "now " + to_rfc3339(now) + ", last record " + to_rfc3339(last_time_));
    }
    return success();
}

std::string Journal::name_of(const KeyId& key) const {
    const auto rule = rules_.keys.find(key);
    return rule == rules_.keys.end() ? key.hex() : rule->second.name;
}

std::uint64_t Journal::max_step(const KeyId& key) const {
    const auto rule = rules_.keys.find(key);
    return rule == rules_.keys.end() ? kTreeSizeStep : rule->second.max_step;
}

// check_rate: what is under way counts, and what failed as well: each has its record.
Result<void> Journal::check_rate(const KeyId& key) {
    const auto found = uses_.find(key);
    if (found == uses_.end()) return success();
    Use& use = found->second;
    const bool was_spent = use.is_spent;
    use.is_spent = use.rate.last_hour(std::max(clock_.now(), last_time_)) + use.staged + use.openings >= use.most;
    if (!use.is_spent) return success();
    const std::string most = std::to_string(use.most);
    if (!was_spent)
        log_.error(kRoom,
                   "the key " + name_of(key) + " was used " + most +
                       " times in an hour, its max_per_hour; more is refused until the hour has passed. Raise it "
                       "if that was work to be done; a daemon that is not yours any more looks the same");
    return fail(ErrorCode::overloaded, "the key has reached its max_per_hour of " + most + "; try again later",
                "key " + name_of(key));
}

Result<void> Journal::check_node(const NodeId& node) const {
    if (!rules_.nodes.empty()) {
        if (rules_.nodes.contains(node)) return success();
        return fail(ErrorCode::denied, "the signer's nodes do not name this one", "node " + node.hex());
    }
    std::set<NodeId> young;
    for (const FenceRecord& staged : fences_) {
        if (!epochs_.contains(staged.node)) young.insert(staged.node);
    }
    if (epochs_.contains(node) || young.contains(node) || epochs_.size() + young.size() < kMaxNodes) return success();
    return fail(ErrorCode::denied,
                "the signer has seen " + std::to_string(kMaxNodes) + " nodes; its nodes must name those that are yours",
                "node " + node.hex());
}

// check_fence_rate counts a new boot.
Result<void> Journal::check_fence_rate() {
    const UtcTime now = clock_.now();
    if (now < fences_since_ || now - fences_since_ >= std::chrono::minutes{1}) {
        fences_since_ = now;
        fences_lately_ = 0;
    }
    if (fences_lately_ >= kMaxFencesAMinute)
        return fail(ErrorCode::overloaded, "too many boots were declared in a minute; try again later");
    ++fences_lately_;
    return success();
}

Result<void> Journal::check_subject(const IntentRecord& intent) const {
    if (const auto* crl = std::get_if<CrlSubject>(&intent.subject)) {
        const CrlKey key{intent.key, crl->issuer};
        const auto staged = staged_crl_numbers_.find(key);
        const auto last = staged != staged_crl_numbers_.end() ? std::optional{staged->second}
                                                              : last_crl_number(intent.key, crl->issuer);
        if (is_too_far(crl->number, last, kCrlNumberStep))
            return fail(ErrorCode::denied, "the CRL number is too far above the last one",
                        "number " + std::to_string(crl->number) + ", last " + std::to_string(last.value_or(0)));
        if (last && crl->number <= *last) {
            return fail(ErrorCode::conflict,
                        "the CRL number must be greater than the last one (" + std::to_string(*last) + ")",
                        "number " + std::to_string(crl->number) + ", last " + std::to_string(*last));
        }
    }
    if (const auto* checkpoint = std::get_if<CheckpointSubject>(&intent.subject)) {
        const auto staged = staged_checkpoints_.find(checkpoint->origin);
        const auto durable = checkpoints_.find(checkpoint->origin);
        const CheckpointSubject* last = staged != staged_checkpoints_.end() ? &staged->second
                                        : durable != checkpoints_.end()     ? &durable->second
                                                                            : nullptr;
        const auto last_size = last != nullptr ? std::optional{last->size} : std::nullopt;
        if (is_too_far(checkpoint->size, last_size, max_step(intent.key)))
            return fail(ErrorCode::denied, "the log's tree grows too far at once (max_step)",
                        "size " + std::to_string(checkpoint->size) + ", last " + std::to_string(last_size.value_or(0)));
        if (last != nullptr && checkpoint->size < last->size) {
            return fail(ErrorCode::conflict, "the log's tree must not shrink (" + std::to_string(last->size) + ")",
                        "size " + std::to_string(checkpoint->size) + ", last " + std::to_string(last->size));
        }
        if (last != nullptr && checkpoint->size == last->size && checkpoint->root != last->root) {
            return fail(ErrorCode::conflict, "another root for a tree size that was signed already",
                        "size " + std::to_string(checkpoint->size));
        }
    }
    return success();
}

Result<void> Journal::stage(const IntentRecord& intent) {
    // A staged fence stands before the intents of its commit: what follows it is signed, what came before it is fenced
    // off.
    const BootEpoch fenced = newest_fence(intent.node);
    if (fenced.value() == 0 || intent.epoch != fenced) {
        return fail(ErrorCode::denied, "this node's boot epoch is fenced off, or was never declared",
                    "epoch " + std::to_string(intent.epoch.value()) + ", fenced " + std::to_string(fenced.value()));
    }
    SEALWRIGHT_TRY(check_time());
    if (is_indexed(intent.purpose)) {
        if (staged_ids_.contains(intent.intent)) return fail(ErrorCode::conflict, "this intent is in use");
        SEALWRIGHT_TRY(const auto state, look_up(intent.intent));
        if (state != JournalState::never_seen)
            return fail(ErrorCode::conflict, "this intent was used before and is never signed again");
    }
    SEALWRIGHT_TRY(check_subject(intent));
    SEALWRIGHT_TRY(check_rate(intent.key));
    if (const auto use = uses_.find(intent.key); use != uses_.end()) ++use->second.staged;
    if (is_indexed(intent.purpose)) staged_ids_.insert(intent.intent);
    if (const auto* crl = std::get_if<CrlSubject>(&intent.subject))
        staged_crl_numbers_[{intent.key, crl->issuer}] = crl->number;
    if (const auto* checkpoint = std::get_if<CheckpointSubject>(&intent.subject))
        staged_checkpoints_[checkpoint->origin] = *checkpoint;
    intents_.push_back(intent);
    return success();
}

Result<void> Journal::stage(const FenceRecord& fence) {
    if (fence.epoch.value() == 0) return fail(ErrorCode::malformed, "boot epochs count from 1");
    SEALWRIGHT_TRY(check_node(fence.node));
    const BootEpoch known = newest_fence(fence.node);
    if (is_too_far(fence.epoch.value(), known.value() == 0 ? std::nullopt : std::optional{known.value()}, kEpochStep))
        return fail(ErrorCode::denied, "the boot epoch is too far above the last one",
                    "epoch " + std::to_string(fence.epoch.value()) + ", seen " + std::to_string(known.value()));
    if (fence.epoch < known)
        return fail(ErrorCode::conflict,
                    "a newer boot epoch of this node was seen (" + std::to_string(known.value()) + ")",
                    "epoch " + std::to_string(fence.epoch.value()) + ", seen " + std::to_string(known.value()));
    if (fence.epoch > known) {
        SEALWRIGHT_TRY(check_fence_rate());
    }
    if (known.value() == 0 && fence.epoch.value() > 1) {
        log_.warning(kRoom, "node " + fence.node.hex() + " is at its boot " + std::to_string(fence.epoch.value()) +
                                " and this journal has never seen it: intents of the node's earlier boots count as "
                                "possibly signed. If there is an older journal, put it back.");
    }
    if (fence.epoch > known) fences_.push_back(fence);
    return success();
}

void Journal::stage(const ResultRecord& result) { results_.push_back(result); }

Result<void> Journal::stage(const ProofRecord& proof) {
    SEALWRIGHT_TRY(check_time());
    proofs_.push_back(proof);
    return success();
}

Result<void> Journal::note_opening(const KeyId& key) {
    SEALWRIGHT_TRY(check_rate(key));
    if (const auto use = uses_.find(key); use != uses_.end()) ++use->second.openings;
    if (openings_.empty()) openings_since_ = clock_.now();
    ++openings_[key];
    return success();
}

void Journal::stage_openings(bool all) {
    if (openings_.empty()) return;
    const UtcTime now = clock_.now();
    if (!all && now >= openings_since_ && now - openings_since_ < std::chrono::minutes{1}) return;
    for (const auto& [key, count] : openings_) opened_.push_back(OpenedRecord{key, count});
    openings_.clear();
}

Result<std::optional<UtcTime>> Journal::accept_clock() {
    if (clock_.now() >= last_time_) return std::optional<UtcTime>{};
    const UtcTime given_up = last_time_;
    clock_back_ = ClockRecord{given_up};
    if (auto done = commit(); !done) {
        clock_back_.reset();
        return done.error();
    }
    return std::optional{given_up};
}

// encode gives the octets of all that is staged: clock, results, openings, fences, proofs, intents; and the records
// with their offsets, to be applied once they are durable.
Bytes Journal::encode(std::vector<std::pair<JournalRecord, std::uint64_t>>& records, Sha256& digest) const {
    Bytes octets;
    std::uint64_t sequence = sequence_;
    const UtcTime time = clock_back_ ? clock_.now() : std::max(clock_.now(), last_time_);
    const auto add = [&](const auto& what) {
        JournalRecord record{++sequence, sequence_, time, what};
        records.emplace_back(record, size_ + octets.size());
        digest = append_record(octets, record, digest);
    };
    if (clock_back_) add(*clock_back_);
    for (const ResultRecord& result : results_) add(result);
    for (const OpenedRecord& opened : opened_) add(opened);
    for (const FenceRecord& fence : fences_) add(fence);
    for (const ProofRecord& proof : proofs_) add(proof);
    for (const IntentRecord& intent : intents_) add(intent);
    return octets;
}

Result<std::uint64_t> Journal::commit() {
    std::vector<std::pair<JournalRecord, std::uint64_t>> records;
    Sha256 digest = digest_;
    const Bytes octets = encode(records, digest);
    const std::uint64_t first_intent =
        sequence_ + 1 + (clock_back_ ? 1 : 0) + results_.size() + opened_.size() + fences_.size() + proofs_.size();
    auto done = heal();
    if (done) done = write(octets);
    if (done) {
        at_boundary(boundary::kSignerAppended);
        done = sync();
    }
    intents_.clear();
    fences_.clear();
    proofs_.clear();
    staged_ids_.clear();
    staged_crl_numbers_.clear();
    staged_checkpoints_.clear();
    for (auto& [key, use] : uses_) use.staged = 0;
    if (!done) {
        dirty_ = true;
        note_failure(done.error());
        if (auto healed = heal(); !healed)
            log_.warning(kRoom, "the half-written record cannot be cut off yet: " + healed.error().describe());
        return done.error();
    }
    if (failing_) log_.info(kRoom, "the journal can be written again; signing resumes");
    failing_ = false;
    results_.clear();
    for (const OpenedRecord& opened : opened_) {
        if (const auto use = uses_.find(opened.key); use != uses_.end()) use->second.openings -= opened.count;
    }
    opened_.clear();
    clock_back_.reset();
    for (const auto& [record, offset] : records) apply(record, offset);
    size_ += octets.size();
    digest_ = digest;
    return first_intent;
}

// heal cuts off what a failed write left behind the last durable record. After a failed fdatasync the kernel may have
// dropped pages that it calls clean: they are cut off and written anew, never synced a second time.
Result<void> Journal::heal() {
    if (!dirty_) return success();
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return storage_error("cannot be truncated");
    if (::fdatasync(file_.get()) != 0) return storage_error("cannot be synced");
    dirty_ = false;
    return success();
}

Result<void> Journal::write(ByteView octets) {
    while (!octets.empty()) {
        const ssize_t count = ::write(file_.get(), octets.data(), octets.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return storage_error("cannot be written");
        octets = octets.subspan(static_cast<std::size_t>(count));
    }
    return success();
}

Result<void> Journal::sync() {
    if (::fdatasync(file_.get()) != 0) return storage_error("cannot be synced");
    return success();
}

void Journal::note_failure(const Error& error) {
    if (!failing_) log_.error(kRoom, "nothing is signed until the journal can be written: " + error.describe());
    failing_ = true;
}

Result<JournalState> Journal::look_up(const IntentId& intent) const {
    bool readable = true;
    const auto confirms = [&](std::uint64_t offset) {
        std::array<std::uint8_t, 4 + kMaxJournalBody + kJournalDigest> octets{};
        const ssize_t count = ::pread(file_.get(), octets.data(), octets.size(), static_cast<off_t>(offset));
        if (count < 4) {
            readable = false;
            return false;
        }
        // type, sequence, durable, time, node, epoch, key, purpose, scheme, digest stand before the intent.
        FieldReader fields{ByteView{octets}.first(static_cast<std::size_t>(count))};
        fields.octets(4 + 1 + 8 + 8 + 8 + 16 + 8 + 32 + 3);
        const auto found = fields.id<IntentId>();
        readable = readable && !fields.failed();
        return found == intent;
    };
    const auto entry = index_.find(intent, confirms);
    if (!readable) return storage_error("cannot be read");
    return entry ? entry->state : JournalState::never_seen;
}

bool Journal::has_seen(const NodeId& node, BootEpoch epoch) const {
    const auto first = first_epochs_.find(node);
    return first != first_epochs_.end() && first->second <= epoch;
}

BootEpoch Journal::newest_fence(const NodeId& node) const {
    BootEpoch newest = fenced_epoch(node);
    for (const FenceRecord& staged : fences_) {
        if (staged.node == node) newest = std::max(newest, staged.epoch);
    }
    return newest;
}

BootEpoch Journal::fenced_epoch(const NodeId& node) const {
    const auto found = epochs_.find(node);
    return found == epochs_.end() ? BootEpoch{} : found->second;
}

std::optional<std::uint64_t> Journal::last_crl_number(const KeyId& key, const Sha256& issuer) const {
    const auto found = crl_numbers_.find({key, issuer});
    if (found == crl_numbers_.end()) return std::nullopt;
    return found->second;
}

}  // namespace sealwright::hsm::signer_process
