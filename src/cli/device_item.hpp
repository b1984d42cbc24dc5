// device_item.hpp: a device as the admin API tells it, and how a person names one.
#pragma once

#include <optional>
#include <string>

#include "cli/admin_client.hpp"
#include "cli/output.hpp"

namespace sealwright::cli {

struct DeviceItem {
    std::string ek, state, names, profile, level, ek_template, manufacturer, model, firmware, request;
    UtcTime enrolled_at{}, last_seen_at{};
    std::optional<UtcTime> ended_at;
    std::vector<std::string> certificates;  // only where one device was asked for
};

Result<DeviceItem> read_device(const json::value& value);
Facts describe_device(const DeviceItem& item, UtcTime now);

struct FoundDevice {
    DeviceItem item;
    json::value json;
};

// find_device takes the device's whole identifier, its first digits (at least six), or a part of its names. not_found,
// or denied where several fit.
Result<FoundDevice> find_device(AdminClient& client, const std::string& text);

// fetch_attestation gives the PEM record of a request.
Result<std::string> fetch_attestation(AdminClient& client, const std::string& request);

// save_attestation writes the record to a new file, or to standard output where none is named.
Result<void> save_attestation(AdminClient& client, Output& output, const std::string& request, const std::string& file);

}  // namespace sealwright::cli
