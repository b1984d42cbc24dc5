// ek import, list, remove: the site's list of approved endorsement keys.
#include "cli/admin_client.hpp"
#include "cli/commands.hpp"
#include "cli/confirmation.hpp"
#include "cli/ek_source.hpp"
#include "cli/times.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kAtOnce = 1000;

Result<std::vector<EkFound>> read_all(const std::vector<std::string>& files) {
    std::vector<EkFound> all;
    for (const auto& file : files) {
        SEALWRIGHT_TRY(auto found, read_eks(file));
        for (auto& ek : found) all.push_back(std::move(ek));
    }
    return all;
}

// import_note sends those of one note, since the API takes one note a call.
Result<std::uint64_t> import_batch(AdminClient& client, const std::vector<std::string>& eks, const std::string& note) {
    json::array list;
    for (const auto& ek : eks) list.emplace_back(ek);
    json::object body{{"eks", std::move(list)}};
    if (!note.empty()) body["note"] = note;
    SEALWRIGHT_TRY(const auto answer, client.post(Target{"v1", "eks"}, body));
    Fields fields{answer.body, "the daemon's answer"};
    const auto added = fields.number("added");
    SEALWRIGHT_TRY(fields.check());
    return added;
}

Result<std::uint64_t> import_all(Context& context, AdminClient& client, const std::vector<EkFound>& found,
                                 const std::string& default_note) {
    std::map<std::string, std::vector<std::string>> by_note;
    for (const auto& [ek, note] : found) by_note[note.empty() ? default_note : note].push_back(ek.hex());
    std::uint64_t added = 0, sent = 0;
    for (const auto& [note, eks] : by_note) {
        for (std::size_t at = 0; at < eks.size(); at += kAtOnce) {
            const auto end = std::min(at + kAtOnce, eks.size());
            const std::vector<std::string> batch(eks.begin() + static_cast<std::ptrdiff_t>(at),
                                                 eks.begin() + static_cast<std::ptrdiff_t>(end));
            SEALWRIGHT_TRY(const auto fresh, import_batch(client, batch, note));
            added += fresh;
            sent += batch.size();
            context.output.progress(std::to_string(sent) + " of " + std::to_string(found.size()));
        }
    }
    context.output.clear_progress();
    return added;
}

}  // namespace

Result<ExitCode> ek_import(Context& context, const EkImportOptions& options) {
    SEALWRIGHT_TRY(const auto found, read_all(options.files));
    if (options.dry_run) {
        json::array list;
        for (const auto& [ek, note] : found) {
            list.push_back(json::object{{"ek", ek.hex()}, {"note", note.empty() ? options.note : note}});
            if (!context.output.wants_json()) context.output.line(ek.hex() + (note.empty() ? "" : "  " + note));
        }
        if (context.output.wants_json()) context.output.json(json::object{{"dry_run", true}, {"eks", std::move(list)}});
        context.output.note("Nothing was changed (--dry-run).");
        return ExitCode::done;
    }
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto added, import_all(context, client, found, options.note));
    if (context.output.wants_json()) {
        context.output.json(json::object{{"given", found.size()}, {"added", added}});
    } else {
        context.output.line(std::to_string(added) + " added; " + std::to_string(found.size() - added) +
                            " were on the list already.");
    }
    return ExitCode::done;
}

Result<ExitCode> ek_list(Context& context) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    Table table{{{"EK"}, {"ADDED"}, {"BY"}, {"NOTE", false, true}}};
    json::array all;
    std::string after;
    do {
        SEALWRIGHT_TRY(const auto page, client.get(Target{"v1", "eks"}.with("limit", "1000").with("after", after)));
        Fields fields{page, "the list of endorsement keys"};
        for (const auto& value : fields.items("eks")) {
            Fields entry{value, "an endorsement key of the list"};
            table.add({entry.text("ek"), format_distance(entry.time("added_at"), context.clock.now()),
                       entry.text_or("added_by", ""), entry.text_or("note", "")});
            SEALWRIGHT_TRY(entry.check());
            all.push_back(value);
        }
        after = fields.text_or("next", "");
        SEALWRIGHT_TRY(fields.check());
    } while (!after.empty());
    if (context.output.wants_json()) {
        context.output.json(json::object{{"eks", std::move(all)}});
    } else if (table.empty()) {
        context.output.note("No endorsement key is on the list.");
    } else {
        context.output.table(table);
    }
    return ExitCode::done;
}

Result<ExitCode> ek_remove(Context& context, const EkRemoveOptions& options) {
    const auto ek = KeyId::from_hex_text(options.ek);
    if (!ek)
        return context.output.usage(
            with_advice(fail(ErrorCode::malformed, "'" + options.ek + "' names no endorsement key"),
                        "It is named by the 64 hexadecimal digits that sealwright ek list shows."));
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const bool confirmed,
                   confirm_unless(options.yes, context,
                                  "Take this endorsement key from the list? Devices that rest on it cannot renew."));
    if (!confirmed) return ExitCode::failed;
    SEALWRIGHT_TRY(const auto answer, client.post(Target{"v1", "eks", ek.value().hex(), "remove"}));
    if (context.output.wants_json()) {
        context.output.json(answer.body);
    } else {
        context.output.line("Taken from the list. Its certificates stay valid: sealwright device revoke ends them.");
    }
    return ExitCode::done;
}

}  // namespace sealwright::cli
