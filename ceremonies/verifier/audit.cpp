#include "ceremonies/verifier/audit.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/log.hpp"
#include "ceremonies/verifier/audit_rules.hpp"
#include "ceremonies/verifier/journal_comparison.hpp"
#include "ceremonies/verifier/merkle.hpp"
#include "ceremonies/verifier/note.hpp"
#include "ceremonies/verifier/tile_log.hpp"
#include "x509/certificate.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxNote = 1U << 16U;

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
    return text;
}

// key_from reads a vkey, or a PEM public key, which takes its name from the checkpoint's origin.
Result<NoteKey> key_from(const std::string& text, const std::string& origin) {
    if (text.find("-----BEGIN") == std::string::npos) return parse_vkey(trimmed(text));
    SEALWRIGHT_TRY(const auto spki, x509::decode_pem("PUBLIC KEY", text));
    SEALWRIGHT_TRY(const auto key, crypto::PublicKey::parse(spki));
    return make_note_key(origin, key);
}

Result<std::string> text_of_option(const std::string& option) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(option, error)) return option;
    return read_text_file(option, kMaxNote);
}

std::optional<NoteKey> choose_key(const AuditQuestion& question, const std::string& origin, Checks& checks) {
    Result<std::string> text =
        question.key.empty() ? read_text_file(question.folder / "log.vkey", kMaxNote) : text_of_option(question.key);
    if (!text) {
        checks.missing("there is no key to verify the checkpoint with: " + text.error().public_detail());
        return {};
    }
    auto key = key_from(text.value(), origin);
    if (!key) {
        checks.invalid("the log's key cannot be read: " + key.error().public_detail());
        return {};
    }
    // Whoever wrote the folder anew has signed it with a key of their own and left that key here: it proves nothing.
    if (question.key.empty()) {
        checks.missing(
            "no --key was given: the key comes from log.vkey of the folder itself, and whoever wrote the folder may "
            "have chosen it. Give the one of the ceremony (artefacts/audit-key.pem of its bundle)");
    }
    return std::move(key.value());
}

std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, Checks& checks) {
    const auto note = read_text_file(path, kMaxNote);
    if (!note) {
        checks.missing("the checkpoint cannot be read: " + note.error().public_detail());
        return {};
    }
    auto checkpoint = parse_checkpoint(note.value());
    if (!checkpoint) {
        checks.invalid(path.filename().string() + ": " + checkpoint.error().public_detail());
        return {};
    }
    return std::move(checkpoint.value());
}

void check_extends(const AuditQuestion& question, const std::vector<Sha256>& leaves, const std::optional<NoteKey>& key,
                   Checks& checks) {
    if (question.older_checkpoint.empty()) return;
    checks.begin("older checkpoint");
    const auto older = read_checkpoint(question.older_checkpoint, checks);
    if (older) {
        const auto verified = key ? verify_note(*older, *key) : Result<void>{success()};
        if (!verified) checks.invalid("its signature does not hold: " + verified.error().public_detail());
        if (older->size > leaves.size())
            checks.invalid("it counts " + std::to_string(older->size) +
                           " entries, more than the log has: the log was cut");
        else if (tree_root(std::span{leaves}.first(older->size)) != older->root)
            checks.invalid("the log does not extend it: what it covers was changed");
        checks.end("the first " + std::to_string(older->size) + " entries are those that it covers");
    }
}

// check_no_others notes what lies in the folder beside the log: it proves nothing and harms nothing.
void check_no_others(const AuditQuestion& question, std::set<std::string> files, Checks& checks) {
    files.insert({"checkpoint", "log.vkey"});
    std::error_code error;
    std::size_t others = 0;
    for (std::filesystem::recursive_directory_iterator entry{question.folder, error}, end; !error && entry != end;
         entry.increment(error)) {
        if (entry->is_regular_file(error) &&
            !files.contains(entry->path().lexically_relative(question.folder).generic_string()))
            ++others;
    }
    if (others != 0)
        checks.note(std::to_string(others) + " other files lie in the folder; they are not part of what was verified");
}

// take_journal: of two copies of one journal the shorter must be the beginning of the longer, which is compared. Two
// that went on differently are one that was put back and signed from again.
void take_journal(SignerJournal journal, const std::string& name, std::vector<SignerJournal>& journals,
                  Checks& checks) {
    const auto other = std::ranges::find(journals, journal.id, &SignerJournal::id);
    if (other == journals.end()) return journals.push_back(std::move(journal));
    const auto common = std::min(journal.digests.size(), other->digests.size());
    if (!std::equal(journal.digests.begin(), journal.digests.begin() + static_cast<std::ptrdiff_t>(common),
                    other->digests.begin())) {
        return checks.invalid(
            name +
            " and another copy of the same journal went on differently: an older one was put back and "
            "signed from again");
    }
    checks.note(name + " is a copy of a journal that was given already; the longer is compared");
    if (journal.digests.size() > other->digests.size()) *other = std::move(journal);
}

void compare_journals(const AuditQuestion& question, const std::vector<Sha256>& leaves, JournalComparison& comparison,
                      Checks& checks) {
    if (question.journals.empty()) return;
    checks.begin("signer's journal");
    std::vector<SignerJournal> journals;
    for (const auto& path : question.journals) {
        const auto octets = read_file(path, kMaxJournal);
        if (!octets) {
            checks.missing("a journal cannot be read: " + octets.error().public_detail());
            continue;
        }
        auto journal = read_signer_journal(octets.value());
        const std::string name = path.filename().string();
        if (!journal && journal.error().code() == ErrorCode::unsupported) {
            checks.missing(name + ": " + journal.error().public_detail());
        } else if (!journal) {
            checks.invalid(name + ": " + journal.error().public_detail());
        } else {
            take_journal(std::move(journal).value(), name, journals, checks);
        }
    }
    if (!journals.empty()) comparison.compare(journals, leaves);
}

std::optional<ShownEntry> show(std::uint64_t index, std::string text, const std::vector<Sha256>& leaves,
                               const Sha256& root, Checks& checks) {
    checks.begin("entry " + std::to_string(index));
    if (index >= leaves.size()) {
        checks.missing("the log has no such entry");
        return {};
    }
    ShownEntry shown{index, leaves.size(), std::move(text), leaves[index], root, inclusion_path(index, leaves)};
    const auto folded = root_from_path(shown.leaf, index, shown.size, shown.proof);
    if (!folded || folded.value() != root) {
        checks.invalid("its inclusion proof does not lead to the root");
        return {};
    }
    checks.end("its inclusion proof of " + std::to_string(shown.proof.size()) + " hashes leads to the root");
    return shown;
}

}  // namespace

std::string ShownEntry::human() const {
    std::string out = "entry " + std::to_string(index) + " of " + std::to_string(size) + "\n  " + escape_control(text) +
                      "\n  leaf hash " + leaf.hex() + "\n";
    for (std::size_t i = 0; i < proof.size(); ++i)
        out += "  proof " + std::to_string(i) + "   " + proof[i].hex() + "\n";
    return out + "  root      " + root.hex() + "\n";
}

std::string ShownEntry::json() const {
    std::string hashes;
    for (const auto& hash : proof) hashes += (hashes.empty() ? "" : ",") + ("\"" + hash.hex() + "\"");
    // The entry was checked to be JSON of its own.
    return "{\"entry\":" + text + ",\"index\":" + std::to_string(index) + ",\"leaf_hash\":\"" + leaf.hex() +
           "\",\"proof\":[" + hashes + "],\"root\":\"" + root.hex() + "\",\"size\":" + std::to_string(size) + "}";
}

std::optional<ShownEntry> verify_audit(const AuditQuestion& question, Checks& checks) {
    checks.begin("checkpoint");
    const auto checkpoint = read_checkpoint(question.folder / "checkpoint", checks);
    if (!checkpoint) return {};
    const auto key = choose_key(question, checkpoint->origin, checks);
    if (key) {
        const auto verified = verify_note(*checkpoint, *key);
        if (!verified)
            checks.invalid("the signature of the checkpoint does not hold: " + verified.error().public_detail());
    }
    if (checkpoint->size > kMaxLogSize) {
        checks.invalid("the checkpoint counts more entries than this program reads");
        return {};
    }
    checks.end("of the log '" + checkpoint->origin + "', " + std::to_string(checkpoint->size) + " entries, root " +
               checkpoint->root.hex());

    checks.begin("entries");
    AuditRules rules{question.tolerance, checks};
    JournalComparison comparison{checks, question.journals_until, question.end};
    std::string wanted;
    const auto visit = [&](std::uint64_t index, ByteView entry) {
        rules.see(index, entry);
        if (!question.journals.empty()) comparison.see(entry);
        if (question.entry == index) wanted = text_of(entry);
    };
    const auto log = read_tile_log(question.folder, checkpoint->size, visit, checks);
    rules.finish();

    checks.begin("tree");
    if (log.complete && tree_root(log.leaves) != checkpoint->root)
        checks.invalid("the entries do not hash to the root of the checkpoint");
    check_no_others(question, log.files, checks);
    checks.end(std::to_string(log.leaves.size()) + " entries hashed again, " + std::to_string(log.files.size()) +
               " tiles compared");
    if (!log.complete) return {};
    check_extends(question, log.leaves, key, checks);
    compare_journals(question, log.leaves, comparison, checks);
    if (!question.entry || checks.anything_invalid()) return {};
    return show(*question.entry, std::move(wanted), log.leaves, checkpoint->root, checks);
}

}  // namespace sealwright::verifier
