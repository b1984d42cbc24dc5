#include "cli/device_item.hpp"

#include "base/file.hpp"
#include "base/ids.hpp"
#include "cli/times.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kLeastDigits = 6;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

bool is_named_by(const DeviceItem& item, const std::string& text) {
    if (text.size() >= kLeastDigits && is_hex(text) && item.ek.starts_with(text)) return true;
    return item.names.find(text) != std::string::npos;
}

// matching looks through the whole list.
Result<std::vector<DeviceItem>> matching(AdminClient& client, const std::string& text) {
    std::vector<DeviceItem> found;
    std::string after;
    do {
        SEALWRIGHT_TRY(const auto page, client.get(Target{"v1", "devices"}.with("limit", "1000").with("after", after)));
        Fields fields{page, "the list of devices"};
        for (const auto& value : fields.items("devices")) {
            SEALWRIGHT_TRY(auto item, read_device(value));
            if (is_named_by(item, text)) found.push_back(std::move(item));
        }
        after = fields.text_or("next", "");
        SEALWRIGHT_TRY(fields.check());
    } while (!after.empty());
    return found;
}

}  // namespace

Result<DeviceItem> read_device(const json::value& value) {
    Fields fields{value, "the device"};
    DeviceItem item;
    item.ek = fields.text("ek");
    item.state = fields.text("state");
    item.names = fields.text("names");
    item.profile = fields.text("profile");
    item.level = fields.text("level");
    item.ek_template = fields.text_or("ek_template", "");
    item.manufacturer = fields.text_or("manufacturer", "");
    item.model = fields.text_or("model", "");
    item.firmware = fields.text_or("firmware", "");
    item.request = fields.text("request");
    item.enrolled_at = fields.time("enrolled_at");
    item.last_seen_at = fields.time("last_seen_at");
    item.ended_at = fields.time_if("ended_at");
    item.certificates = fields.texts_if("certificates");
    SEALWRIGHT_TRY(fields.check());
    return item;
}

Facts describe_device(const DeviceItem& item, UtcTime now) {
    Facts facts;
    facts.add("Device", item.ek);
    facts.add("Identity", item.names);
    facts.add("State", item.state + (item.ended_at ? " " + format_when(*item.ended_at, now) : ""));
    facts.add("Profile", item.profile);
    facts.add("Level", item.level);
    facts.add("TPM", item.manufacturer.empty() ? "says nothing of itself"
                                               : item.manufacturer + " " + item.model + " " + item.firmware);
    if (!item.ek_template.empty()) facts.add("EK template", item.ek_template);
    facts.add("Enrolled", format_when(item.enrolled_at, now));
    facts.add("Last proof", format_when(item.last_seen_at, now) + ", request " + item.request);
    facts.add_lines("Certificates", item.certificates);
    return facts;
}

Result<FoundDevice> find_device(AdminClient& client, const std::string& text) {
    std::string ek = text;
    if (!KeyId::from_hex_text(text)) {
        SEALWRIGHT_TRY(const auto found, matching(client, text));
        if (found.empty())
            return with_advice(fail(ErrorCode::not_found, "no device is called '" + text + "'"),
                               "See: sealwright device list");
        if (found.size() > 1)
            return with_advice(fail(ErrorCode::denied, std::to_string(found.size()) + " devices fit '" + text + "'"),
                               "Give more of the name, or the identifier that sealwright device list shows.");
        ek = found.front().ek;
    }
    auto answer = client.get(Target{"v1", "devices", ek});
    if (!answer && answer.error().code() == ErrorCode::not_found)
        return with_advice(answer.error(), "See: sealwright device list");
    SEALWRIGHT_TRY(auto json, std::move(answer));
    SEALWRIGHT_TRY(auto item, read_device(json));
    return FoundDevice{std::move(item), std::move(json)};
}

Result<std::string> fetch_attestation(AdminClient& client, const std::string& request) {
    auto answer = client.get(Target{"v1", "requests", request, "attestation"});
    if (!answer && answer.error().code() == ErrorCode::not_found)
        return with_advice(answer.error(), "Only requests of profiles with [attestation] have a record.");
    SEALWRIGHT_TRY(const auto json, std::move(answer));
    Fields fields{json, "the attestation"};
    auto record = fields.text("record");
    SEALWRIGHT_TRY(fields.check());
    return record;
}

Result<void> save_attestation(AdminClient& client, Output& output, const std::string& request,
                              const std::string& file) {
    SEALWRIGHT_TRY(const auto record, fetch_attestation(client, request));
    if (file.empty()) {
        output.raw(record);
        return success();
    }
    SEALWRIGHT_TRY(write_file_atomically(file, view_of(record), 0644));
    output.note("The record is in " + file + "; check it: sealwright-verify attestation " + file + " --explain");
    return success();
}

}  // namespace sealwright::cli
