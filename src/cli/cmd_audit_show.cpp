// audit show: entries of the audit log, one a line.
#include <algorithm>
#include <array>
#include <limits>
#include <thread>

#include "audit/event.hpp"
#include "cli/audit_mirror.hpp"
#include "cli/commands.hpp"
#include "cli/times.hpp"
#include "crypto/digest.hpp"

namespace sealwright::cli {
namespace {

constexpr std::uint64_t kPage = 256;
constexpr std::chrono::seconds kPollEvery{1};
constexpr std::size_t kKindWidth = 25;
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

// A value with spaces or quotes in it is quoted, so that a line can be taken apart again.
std::string field_text(const std::string& value) {
    if (!value.empty() && value.find_first_of(" \t\n\"=") == std::string::npos) return value;
    std::string quoted = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

// What a person looks for first stands first; the rest follows in the order of the entry.
constexpr std::array<std::string_view, 7> kFirst{"serial", "names", "profile", "reason", "code", "number", "request"};

// A digest is shown by its first digits: it is there to be recognised. Whole ones are in the JSON.
std::string shown_value(const std::string& value) {
    constexpr std::size_t digest_digits = 64, shown_digits = 16;
    const bool is_digest =
        value.size() == digest_digits && value.find_first_not_of("0123456789abcdef") == std::string::npos;
    return is_digest ? value.substr(0, shown_digits) + "…" : field_text(value);
}

std::string event_line(std::uint64_t index, const audit::Event& event) {
    std::string line = padded(std::to_string(index), 7) + ' ' + format_time(event.time) + "  " +
                       padded(std::string{audit::event_kind_name(event.kind)}, kKindWidth) + ' ' + event.actor;
    const auto add = [&line](std::string_view key, const std::string& value) {
        line += ' ' + std::string{key} + '=' + shown_value(value);
    };
    for (const auto key : kFirst) {
        if (const auto field = event.fields.find(std::string{key}); field != event.fields.end())
            add(key, field->second);
    }
    for (const auto& [key, value] : event.fields) {
        if (std::find(kFirst.begin(), kFirst.end(), key) == kFirst.end()) add(key, value);
    }
    return line;
}

json::object event_json(std::uint64_t index, const audit::Event& event) {
    json::object fields;
    for (const auto& [key, value] : event.fields) fields[key] = value;
    return {{"index", index},
            {"time", to_rfc3339(event.time)},
            {"kind", audit::event_kind_name(event.kind)},
            {"actor", event.actor},
            {"node", event.node.hex()},
            {"epoch", event.epoch.value()},
            {"fields", std::move(fields)}};
}

struct Entry {
    std::uint64_t index = 0;
    Bytes leaf;
};

// passes says whether an entry is asked for. One of a later version passes where no kind was named: leaving it out
// would hide that it is there.
bool passes(const AuditShowOptions& options, ByteView leaf) {
    if (options.kind.empty()) return true;
    const auto event = audit::parse_event(leaf);
    if (!event) return false;
    const std::string_view kind = audit::event_kind_name(event.value().kind);
    return kind == options.kind || (options.kind.ends_with('.') && kind.starts_with(options.kind));
}

void print_unreadable(Output& output, const Entry& entry) {
    const std::string digest = crypto::sha256(entry.leaf).hex();
    if (output.wants_json()) {
        output.json_line(json::object{{"index", entry.index}, {"unreadable_sha256", digest}});
    } else {
        output.line(padded(std::to_string(entry.index), 7) + " (an entry that this program cannot read, SHA-256 " +
                    digest + ")");
    }
}

void print(Output& output, const Entry& entry) {
    const auto event = audit::parse_event(entry.leaf);
    if (!event) {
        print_unreadable(output, entry);
    } else if (output.wants_json()) {
        output.json_line(event_json(entry.index, event.value()));
    } else {
        output.line(event_line(entry.index, event.value()));
    }
}

Result<std::uint64_t> log_size(AdminClient& client) {
    SEALWRIGHT_TRY(const auto answer, client.get(Target{"v1", "audit", "head"}));
    Fields head{answer, "the head of the audit log"};
    const std::uint64_t size = head.number("size");
    SEALWRIGHT_TRY(head.check());
    return size;
}

// print_forward prints what passes in first <= index < last, at most limit entries; it gives how many.
Result<std::size_t> print_forward(Output& output, AdminClient& client, const AuditShowOptions& options,
                                  std::uint64_t first, std::uint64_t last, std::size_t limit) {
    std::size_t shown = 0;
    while (first < last && shown < limit) {
        SEALWRIGHT_TRY(auto leaves, fetch_entries(client, first, std::min(last, first + kPage)));
        for (auto& leaf : leaves) {
            const std::uint64_t index = first++;
            if (shown == limit || !passes(options, leaf)) continue;
            print(output, {index, std::move(leaf)});
            ++shown;
        }
    }
    return shown;
}

// print_last prints the last entries that pass, oldest of them first. It reads backwards, page by page, as far as it
// must.
Result<std::size_t> print_last(Output& output, AdminClient& client, const AuditShowOptions& options,
                               std::uint64_t size) {
    std::vector<Entry> found;  // newest first
    for (std::uint64_t end = size; end > 0 && found.size() < options.limit;) {
        const std::uint64_t first = end > kPage ? end - kPage : 0;
        output.progress("looking back from entry " + std::to_string(end));
        SEALWRIGHT_TRY(auto leaves, fetch_entries(client, first, end));
        for (std::size_t i = leaves.size(); i-- > 0 && found.size() < options.limit;) {
            if (passes(options, leaves[i])) found.push_back({first + i, std::move(leaves[i])});
        }
        end = first;
    }
    std::for_each(found.rbegin(), found.rend(), [&](const Entry& entry) { print(output, entry); });
    return found.size();
}

Result<void> follow(Context& context, AdminClient& client, const AuditShowOptions& options, std::uint64_t seen) {
    for (;;) {
        std::this_thread::sleep_for(kPollEvery);
        const auto size = log_size(client);
        if (!size && exit_code_of(size.error().code()) == ExitCode::unavailable) {
            context.output.progress("the daemon does not answer; waiting for it");
            continue;
        }
        SEALWRIGHT_TRY(const auto now, size);
        SEALWRIGHT_TRY(print_forward(context.output, client, options, seen, now, kNoLimit));
        seen = std::max(seen, now);
        if (!context.output.finish()) return fail(ErrorCode::io, "standard output cannot be written");
    }
}

}  // namespace

Result<ExitCode> audit_show(Context& context, const AuditShowOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto size, log_size(client));
    const bool forward = options.from || options.all;
    const std::size_t limit = options.all || options.follow ? kNoLimit : options.limit;
    SEALWRIGHT_TRY(const auto shown,
                   forward ? print_forward(context.output, client, options, options.from.value_or(0), size, limit)
                           : print_last(context.output, client, options, size));
    if (options.follow) {
        SEALWRIGHT_TRY(follow(context, client, options, size));
    }
    if (shown == 0) context.output.note("No entry matches; the log has " + std::to_string(size) + ".");
    return ExitCode::done;
}

}  // namespace sealwright::cli
