// cert list, cert show.
#include "cli/certificate_item.hpp"
#include "cli/commands.hpp"
#include "cli/times.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kPageOfAll = 1000;

Target list_target(const CertListOptions& options, std::size_t limit, const std::string& before,
                   const std::string& after) {
    Target target{"v1", "certificates"};
    target.with("state", options.state)
        .with("name", options.name)
        .with("profile", options.profile)
        .with("expires_before", before);
    if (options.revoked || options.not_revoked) target.with("revoked", options.revoked ? "true" : "false");
    target.with("limit", std::to_string(limit)).with("after", after);
    return target;
}

// Listing is what was gathered, perhaps over many pages.
struct Listing {
    json::array certificates;
    std::string next;
};

Result<Listing> gather(AdminClient& client, Context& context, const CertListOptions& options, const std::string& before,
                       std::string after) {
    Listing listing;
    do {
        SEALWRIGHT_TRY(const auto page,
                       client.get(list_target(options, options.all ? kPageOfAll : options.limit, before, after)));
        Fields fields{page, "the list of certificates"};
        for (const auto& item : fields.items("certificates")) listing.certificates.push_back(item);
        listing.next = fields.text_or("next", "");
        SEALWRIGHT_TRY(fields.check());
        if (!listing.next.empty() && listing.next == after)
            return fail(ErrorCode::malformed, "the daemon's list does not end");
        after = listing.next;
        if (options.all) context.output.progress(std::to_string(listing.certificates.size()) + " certificates");
    } while (options.all && !after.empty());
    context.output.clear_progress();
    return listing;
}

Result<void> print_table(Context& context, const Listing& listing) {
    const UtcTime now = context.clock.now();
    Table table{{{"SERIAL"}, {"STATUS"}, {"PROFILE"}, {"VALID UNTIL"}, {"NAMES", false, true}}};
    for (const auto& value : listing.certificates) {
        SEALWRIGHT_TRY(const auto item, read_certificate(value));
        table.add(
            {item.serial, certificate_status(item, now), item.profile, format_day(item.not_after, now), item.names});
    }
    if (table.empty()) {
        context.output.note("No certificate matches.");
        return success();
    }
    context.output.table(table);
    if (!listing.next.empty()) context.output.note("There are more: --all, or --after " + listing.next);
    return success();
}

}  // namespace

Result<ExitCode> cert_list(Context& context, const CertListOptions& options) {
    std::string before, after;
    if (!options.expires_before.empty()) {
        const auto time = parse_time_argument(options.expires_before, context.clock.now());
        if (!time) return context.output.usage(time.error());
        before = to_rfc3339(time.value());
    }
    if (!options.after.empty()) {
        const auto serial = parse_serial_text(options.after);
        if (!serial) return context.output.usage(serial.error());
        after = serial.value().digits;
    }
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(auto listing, gather(client, context, options, before, std::move(after)));
    if (context.output.wants_json()) {
        json::object told{{"certificates", std::move(listing.certificates)}};
        told["next"] = listing.next.empty() ? json::value(nullptr) : json::value(listing.next);
        context.output.json(told);
        return ExitCode::done;
    }
    SEALWRIGHT_TRY(print_table(context, listing));
    return ExitCode::done;
}

Result<ExitCode> cert_show(Context& context, const CertShowOptions& options) {
    const auto serial = parse_serial_text(options.serial);
    if (!serial) return context.output.usage(serial.error());
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto found, find_certificate(client, context.output, serial.value()));
    if (options.pem) {
        if (found.item.pem.empty())
            return fail(ErrorCode::not_found, "there is no certificate to print: its state is " + found.item.state);
        context.output.raw(found.item.pem);
    } else if (context.output.wants_json()) {
        context.output.json(found.json);
    } else {
        context.output.facts(describe_certificate(found.item, context.clock.now()));
    }
    return ExitCode::done;
}

}  // namespace sealwright::cli
