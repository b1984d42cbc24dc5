// audit verify, audit export: both rebuild the log's tree from its entries before they believe a head.
#include "audit/tiles.hpp"
#include "base/file.hpp"
#include "cli/audit_mirror.hpp"
#include "cli/commands.hpp"
#include "cli/wording.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kMaxCheckpoint = 16384;

// CheckedLog is the log with a head that it truly has.
struct CheckedLog {
    SignedHead signed_head;
    AuditMirror mirror;
    crypto::PublicKey key;
};

Result<CheckedLog> check_log(Context& context, AdminClient& client, const AuditCheckOptions& options) {
    std::optional<crypto::PublicKey> known;
    if (!options.key_file.empty()) {
        SEALWRIGHT_TRY(known, read_audit_key(options.key_file));
    }
    SEALWRIGHT_TRY(auto signed_head, fetch_signed_head(client, known));
    AuditMirror mirror;
    SEALWRIGHT_TRY(mirror.grow(client, signed_head.head.size, [&](std::uint64_t done, std::uint64_t of) {
        context.output.progress("reading the audit log: " + std::to_string(done) + " of " + std::to_string(of) +
                                " entries");
    }));
    context.output.clear_progress();
    if (mirror.head() != signed_head.head) {
        return with_advice(
            fail(ErrorCode::invalid_signature, "the audit log's entries do not make the tree that its checkpoint signs",
                 "computed " + mirror.head().root.hex() + ", signed " + signed_head.head.root.hex()),
            "Entries were changed, or the signer signed another log. Stop issuance and keep everything: "
            "docs/audit.md.");
    }
    if (!known) {
        SEALWRIGHT_TRY(const auto named, parse_vkey(signed_head.vkey));
        known = named.key;
        context.output.warning(
            "the audit key was taken from the daemon itself: this proves that the log agrees with itself, not whose it "
            "is (--key)");
    }
    return CheckedLog{std::move(signed_head), std::move(mirror), *known};
}

// check_continues makes sure that the log of an older checkpoint is the beginning of this one.
Result<audit::TreeHead> check_continues(const CheckedLog& log, const std::string& older_file) {
    SEALWRIGHT_TRY(const auto note, read_text_file(older_file, kMaxCheckpoint));
    const auto older = verify_saved_checkpoint(note, log.signed_head, log.key);
    if (!older) return older.error().in(older_file);
    const auto told = [&](const std::string& what) {
        return with_advice(
            fail(ErrorCode::invalid_signature, what),
            "The log was cut off or rewritten after " + older_file + " was signed. Keep both: docs/audit.md.");
    };
    if (older.value().size > log.signed_head.head.size) {
        return told("the log has " + std::to_string(log.signed_head.head.size) + " entries, and had " +
                    std::to_string(older.value().size) + " before");
    }
    SEALWRIGHT_TRY(const auto then, log.mirror.head_at(older.value().size));
    if (then != older.value())
        return told("the first " + std::to_string(older.value().size) + " entries of the log are not those of before");
    return older;
}

json::object head_json(const SignedHead& signed_head) {
    return {{"origin", signed_head.origin},
            {"size", signed_head.head.size},
            {"root", signed_head.head.root.hex()},
            {"key_from", signed_head.key_is_known ? "file" : "daemon"}};
}

}  // namespace

Result<ExitCode> audit_verify(Context& context, const AuditCheckOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto log, check_log(context, client, options));
    std::optional<audit::TreeHead> older;
    if (!options.since.empty()) {
        SEALWRIGHT_TRY(older, check_continues(log, options.since));
    }
    if (!options.save.empty()) {
        SEALWRIGHT_TRY(write_file_atomically(options.save, view_of(log.signed_head.note)));
    }
    if (context.output.wants_json()) {
        json::object told = head_json(log.signed_head);
        told["continues"] = older ? json::value(older->size) : json::value(nullptr);
        context.output.json(told);
        return ExitCode::done;
    }
    Facts facts;
    facts.add("Log", log.signed_head.origin);
    facts.add("Entries", std::to_string(log.signed_head.head.size));
    facts.add("Root", log.signed_head.head.root.hex());
    facts.add("Signature", "holds");
    facts.add("Entries make this root", "yes");
    if (older)
        facts.add("Continues " + options.since, "yes, its " + std::to_string(older->size) + " entries are unchanged");
    if (!options.save.empty()) facts.add("Saved", options.save);
    context.output.facts(facts);
    return ExitCode::done;
}

Result<ExitCode> audit_export(Context& context, const AuditCheckOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto log, check_log(context, client, options));
    std::uint64_t from = 0;
    const std::string existing = options.folder + "/checkpoint";
    if (std::filesystem::exists(existing)) {
        SEALWRIGHT_TRY(const auto older, check_continues(log, existing));
        from = older.size;
    }
    const auto& head = log.signed_head.head;
    const audit::LeafReader leaves = [&](std::uint64_t first, std::uint64_t last) {
        context.output.progress("writing tiles: " + std::to_string(first) + " of " + std::to_string(head.size) +
                                " entries");
        return fetch_entries(client, first, last);
    };
    const audit::NodeReader nodes = [&](unsigned level, std::uint64_t index) { return log.mirror.node(level, index); };
    SEALWRIGHT_TRY(
        audit::export_tiles(options.folder, head, log.signed_head.note, log.signed_head.vkey, from, leaves, nodes));
    context.output.clear_progress();
    if (context.output.wants_json()) {
        json::object told = head_json(log.signed_head);
        told["folder"] = options.folder;
        told["added"] = head.size - from;
        context.output.json(told);
        return ExitCode::done;
    }
    context.output.line("Exported " + counted(head.size, "entry", "entries") + " to " + options.folder + " (" +
                        std::to_string(head.size - from) + " new).");
    context.output.line(
        "Anyone who has the log's key from elsewhere (the ceremony's audit-key.pem) can check them: "
        "sealwright-verify audit " +
        options.folder + " --key KEY");
    return ExitCode::done;
}

}  // namespace sealwright::cli
