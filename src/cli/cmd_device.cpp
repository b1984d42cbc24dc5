// device list, show, revoke, retire; request attestation.
#include "cli/commands.hpp"
#include "cli/confirmation.hpp"
#include "cli/device_item.hpp"
#include "cli/times.hpp"
#include "x509/crl.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kShownDigits = 16;

struct Page {
    std::vector<json::value> devices;
    std::string next;
};

Result<Page> fetch_page(AdminClient& client, const DeviceListOptions& options, std::size_t limit,
                        const std::string& after) {
    SEALWRIGHT_TRY(const auto answer, client.get(Target{"v1", "devices"}
                                                     .with("state", options.state)
                                                     .with("name", options.name)
                                                     .with("limit", std::to_string(limit))
                                                     .with("after", after)));
    Fields fields{answer, "the list of devices"};
    Page page;
    for (const auto& value : fields.items("devices")) page.devices.push_back(value);
    page.next = fields.text_or("next", "");
    SEALWRIGHT_TRY(fields.check());
    return page;
}

Result<Page> fetch(AdminClient& client, const DeviceListOptions& options) {
    if (!options.all) return fetch_page(client, options, options.limit, "");
    Page whole;
    do {
        SEALWRIGHT_TRY(auto page, fetch_page(client, options, 1000, whole.next));
        for (auto& device : page.devices) whole.devices.push_back(std::move(device));
        whole.next = page.next;
    } while (!whole.next.empty());
    return whole;
}

// end is what revoke and retire have in common.
struct End {
    std::string verb, question, done;
};

Result<ExitCode> carry_out(Context& context, const DeviceEndOptions& options, const End& end) {
    if (auto reason = x509::parse_reason_name(options.reason); !options.reason.empty() && !reason)
        return context.output.usage(reason.error().in("--reason"));
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto found, find_device(client, options.device));
    if (context.output.wants_json()) {
        if (options.dry_run) context.output.json(json::object{{"dry_run", true}, {"device", found.json}});
    } else {
        context.output.facts(describe_device(found.item, context.clock.now()));
    }
    if (options.dry_run) {
        context.output.note("Nothing was changed (--dry-run): " + std::to_string(found.item.certificates.size()) +
                            " certificates would be revoked.");
        return ExitCode::done;
    }
    if (options.yes && options.device != found.item.ek)
        return context.output.usage(
            with_advice(fail(ErrorCode::malformed, "--yes needs the device's whole identifier"),
                        "Without --yes a part of its name will do: you see which device is meant, and are asked."));
    SEALWRIGHT_TRY(const bool confirmed, confirm_unless(options.yes, context, end.question));
    if (!confirmed) return ExitCode::failed;
    json::object body;
    if (!options.reason.empty()) body["reason"] = options.reason;
    SEALWRIGHT_TRY(const auto answer, client.post(Target{"v1", "devices", found.item.ek, end.verb}, body));
    if (context.output.wants_json()) {
        context.output.json(answer.body);
        return ExitCode::done;
    }
    Fields told{answer.body, "the daemon's answer"};
    const auto revoked = told.number("certificates_revoked");
    SEALWRIGHT_TRY(told.check());
    context.output.line("Device " + found.item.names + " " + end.done +
                        "; certificates revoked: " + std::to_string(revoked) + ".");
    return ExitCode::done;
}

}  // namespace

Result<ExitCode> device_list(Context& context, const DeviceListOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto page, fetch(client, options));
    if (context.output.wants_json()) {
        context.output.json(json::object{{"devices", json::array(page.devices.begin(), page.devices.end())},
                                         {"next", page.next.empty() ? json::value(nullptr) : json::value(page.next)}});
        return ExitCode::done;
    }
    const UtcTime now = context.clock.now();
    Table table{{{"DEVICE"}, {"STATE"}, {"LEVEL"}, {"LAST PROOF"}, {"TPM", false, true}, {"IDENTITY", false, true}}};
    for (const auto& value : page.devices) {
        SEALWRIGHT_TRY(const auto item, read_device(value));
        table.add({item.ek.substr(0, kShownDigits), item.state, item.level, format_distance(item.last_seen_at, now),
                   item.manufacturer.empty() ? "" : item.manufacturer + " " + item.model, item.names});
    }
    if (table.empty()) {
        context.output.note("No device matches.");
        return ExitCode::done;
    }
    context.output.table(table);
    if (!page.next.empty()) context.output.note("There are more: --all shows every one, --limit more of them.");
    return ExitCode::done;
}

Result<ExitCode> device_show(Context& context, const DeviceShowOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto found, find_device(client, options.device));
    if (!options.record.empty()) {
        SEALWRIGHT_TRY(save_attestation(client, context.output, found.item.request, options.record));
    }
    if (context.output.wants_json()) {
        context.output.json(found.json);
    } else {
        context.output.facts(describe_device(found.item, context.clock.now()));
    }
    return ExitCode::done;
}

Result<ExitCode> device_revoke(Context& context, const DeviceEndOptions& options) {
    return carry_out(
        context, options,
        {"revoke", "Revoke this device and its certificates? Its TPM gets no certificate any more.", "is revoked"});
}

Result<ExitCode> device_retire(Context& context, const DeviceEndOptions& options) {
    return carry_out(
        context, options,
        {"retire", "Retire this device and revoke its certificates? Its TPM may enrol anew.", "is retired"});
}

Result<ExitCode> request_attestation(Context& context, const RequestAttestationOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    if (context.output.wants_json()) {
        SEALWRIGHT_TRY(const auto record, fetch_attestation(client, options.id));
        context.output.json(json::object{{"request", options.id}, {"record", record}});
        return ExitCode::done;
    }
    SEALWRIGHT_TRY(save_attestation(client, context.output, options.id, options.out));
    return ExitCode::done;
}

}  // namespace sealwright::cli
