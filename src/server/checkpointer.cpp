#include "server/checkpointer.hpp"

#include "audit/checkpoint.hpp"
#include "audit/tiles.hpp"
#include "base/file.hpp"

namespace sealwright::server {
namespace {

constexpr std::size_t kMaxNote = 65536;

}  // namespace

Checkpointer::Checkpointer(Options options, issuance::CaStore& store, hsm::Signer& signer, crypto::Random& random,
                           Log& log)
    : options_(std::move(options)),
      vkey_(audit::vkey(options_.origin, options_.key)),
      store_(store),
      signer_(signer),
      random_(random),
      log_(log) {}

Result<void> Checkpointer::sign_head() {
    SEALWRIGHT_TRY(const auto head, store_.audit_head());
    if (note_ && head == head_) return success();
    SEALWRIGHT_TRY(auto note, audit::sign_checkpoint(options_.origin, head, options_.key, signer_,
                                                     crypto::random_id<IntentId>(random_)));
    SEALWRIGHT_TRY(store_.save_checkpoint(note, head));
    note_ = std::move(note);
    head_ = head;
    return success();
}

Result<protocols::admin::Checkpoint> Checkpointer::checkpoint() {
    const std::lock_guard lock{mutex_};
    SEALWRIGHT_TRY(sign_head());
    return protocols::admin::Checkpoint{.note = *note_, .vkey = vkey_, .origin = options_.origin, .size = head_.size};
}

// exported_size is what the folder holds already, by its own signed word; 0 where it holds nothing of this log. A
// folder that is ahead of the store is another log's, or the store was set back: it is not built upon.
std::uint64_t Checkpointer::exported_size() const {
    const auto note = read_text_file(options_.folder / "checkpoint", kMaxNote);
    if (!note) return 0;
    const auto head = audit::verify_checkpoint(note.value(), options_.origin, options_.key);
    return head && head.value().size <= head_.size ? head.value().size : 0;
}

Result<void> Checkpointer::export_now() {
    if (!exported_) exported_ = exported_size();
    if (*exported_ == head_.size) return success();
    const auto leaves = [this](std::uint64_t first, std::uint64_t last) { return store_.audit_leaves(first, last); };
    const auto nodes = [this](unsigned level, std::uint64_t index) { return store_.audit_node(level, index); };
    auto exported = audit::export_tiles(options_.folder, head_, *note_, vkey_, *exported_, leaves, nodes);
    if (!exported) {
        exported_.reset();
        return exported;
    }
    exported_ = head_.size;
    log_.debug("audit", "checkpoint of " + std::to_string(head_.size) + " entries signed and exported");
    return success();
}

Result<void> Checkpointer::checkpoint_and_export() {
    const std::lock_guard lock{mutex_};
    SEALWRIGHT_TRY(sign_head());
    return export_now();
}

std::uint64_t Checkpointer::signed_size() const {
    const std::lock_guard lock{mutex_};
    return head_.size;
}

}  // namespace sealwright::server
