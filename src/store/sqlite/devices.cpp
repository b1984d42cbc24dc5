#include "store/sqlite/devices.hpp"

#include "store/sqlite/limits.hpp"

namespace sealwright::store::sqlite {
namespace {

using issuance::DeviceRecord;
using issuance::DeviceState;
using issuance::EkEntry;

#define SEALWRIGHT_DEVICE_COLUMNS                                                                                    \
    "SELECT d.seq, d.ek, d.state, d.names, d.identity, d.profile, d.level, d.ek_template, d.manufacturer, d.model, " \
    "d.firmware, "                                                                                                   \
    "d.enrolled_at, d.last_seen_at, d.ended_at, d.request FROM device d "

// Stored is a device's record with its row.
struct Stored {
    std::int64_t seq = 0;
    DeviceRecord record;
};

Result<Stored> read_stored(const Query& query) {
    RowReader row{query, "device"};
    Stored stored;
    auto& device = stored.record;
    stored.seq = row.integer("seq", 1, kMaxInteger);
    device.about.ek = row.fixed<KeyId>("ek");
    device.state = static_cast<DeviceState>(row.integer("state", 1, 3));
    device.names = row.text("names", kMaxLongText);
    device.about.identity = row.fixed<Sha256>("identity");
    device.profile = row.text("profile", kMaxShortText);
    device.about.level = static_cast<attestation::Level>(row.integer("level", 1, 3));
    device.about.ek_template = row.text("ek_template", kMaxShortText);
    device.about.manufacturer = row.text("manufacturer", kMaxShortText);
    device.about.model = row.text("model", kMaxShortText);
    device.about.firmware = row.text("firmware", kMaxShortText);
    device.enrolled_at = row.time("enrolled_at");
    device.last_seen_at = row.time("last_seen_at");
    device.ended_at = row.optional_time("ended_at");
    device.last_request = row.fixed<RequestId>("request");
    SEALWRIGHT_TRY(row.finish());
    return stored;
}

Result<std::optional<Stored>> find(Connection& connection, const KeyId& ek) {
    SEALWRIGHT_TRY(auto query, connection.query(SEALWRIGHT_DEVICE_COLUMNS "WHERE d.ek = ?1", ek));
    SEALWRIGHT_TRY(const bool found, query.step());
    std::optional<Stored> stored;
    if (found) {
        SEALWRIGHT_TRY(stored, read_stored(query));
    }
    return stored;
}

Result<void> add_certificates(Connection& connection, Stored& stored, UtcTime now) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT c.serial FROM certificate c LEFT JOIN revocation v "
                                                "ON v.issuer = c.issuer AND v.serial = c.serial "
                                                "WHERE c.device = ?1 AND c.state = 2 AND c.not_after >= ?2 "
                                                "AND (v.serial IS NULL OR v.reason = 6) ORDER BY c.seq DESC LIMIT ?3",
                                                stored.seq, now, static_cast<std::int64_t>(kMaxListed)));
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return success();
        RowReader row{query, "certificate"};
        stored.record.certificates.push_back(row.fixed<SerialNumber>("serial"));
        SEALWRIGHT_TRY(row.finish());
    }
}

Result<std::int64_t> seq_after(Connection& connection, const std::optional<KeyId>& after) {
    if (!after) return std::int64_t{0};
    SEALWRIGHT_TRY(const auto last, find(connection, *after));
    if (!last) return fail(ErrorCode::not_found, "no such device");
    return last->seq;
}

}  // namespace

Result<std::size_t> import_eks(Connection& connection, const std::vector<EkEntry>& entries) {
    for (const auto& entry : entries) {
        SEALWRIGHT_TRY(check_size("the note", entry.note.size(), kMaxShortText));
        SEALWRIGHT_TRY(check_size("the name of who adds it", entry.added_by.size(), kMaxShortText));
    }
    const std::int64_t before = connection.total_changes();
    for (const auto& entry : entries) {
        SEALWRIGHT_TRY(connection.run("INSERT OR IGNORE INTO ek (ek, note, added_at, added_by) VALUES (?1, ?2, ?3, ?4)",
                                      entry.ek, entry.note, entry.added_at, entry.added_by));
    }
    return static_cast<std::size_t>(connection.total_changes() - before);
}

Result<bool> is_ek_listed(Connection& connection, const KeyId& ek) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT 1 FROM ek WHERE ek = ?1", ek));
    return query.step();
}

Result<void> remove_ek(Connection& connection, const KeyId& ek) {
    SEALWRIGHT_TRY(const bool listed, is_ek_listed(connection, ek));
    if (!listed) return fail(ErrorCode::not_found, "the endorsement key is not on the list");
    return connection.run("DELETE FROM ek WHERE ek = ?1", ek);
}

Result<std::vector<EkEntry>> read_eks(Connection& connection, const std::optional<KeyId>& after, std::size_t limit) {
    SEALWRIGHT_TRY(auto query,
                   connection.query("SELECT ek, note, added_at, added_by FROM ek WHERE ?1 IS NULL OR ek > ?1 "
                                    "ORDER BY ek LIMIT ?2",
                                    after, static_cast<std::int64_t>(std::min(limit, kMaxListed))));
    std::vector<EkEntry> entries;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return entries;
        RowReader row{query, "ek"};
        EkEntry entry;
        entry.ek = row.fixed<KeyId>("ek");
        entry.note = row.text("note", kMaxShortText);
        entry.added_at = row.time("added_at");
        entry.added_by = row.text("added_by", kMaxShortText);
        SEALWRIGHT_TRY(row.finish());
        entries.push_back(std::move(entry));
    }
}

// check_renewed: what is renewed is a certificate that counts, of a device that does; whoever ends one between the
// policy's decision and here is not undone.
Result<void> check_renewed(Connection& connection, const issuance::Intent& intent, DeviceState state) {
    if (!intent.renews) return success();
    if (state != DeviceState::enrolled)
        return fail(ErrorCode::denied, "the device is not enrolled any more; enrol anew");
    SEALWRIGHT_TRY(auto query, connection.query("SELECT 1 FROM revocation WHERE serial = ?1", *intent.renews));
    SEALWRIGHT_TRY(const bool revoked, query.step());
    if (revoked) return fail(ErrorCode::denied, "the certificate to be renewed is revoked");
    return success();
}

Result<void> check_identity(Connection& connection, const issuance::Intent& intent) {
    if (!intent.device) return success();
    SEALWRIGHT_TRY(check_attestation_size(intent.attestation));
    for (const auto* text :
         {&intent.device->ek_template, &intent.device->manufacturer, &intent.device->model, &intent.device->firmware}) {
        SEALWRIGHT_TRY(check_size("what the TPM says of itself", text->size(), kMaxShortText));
    }
    SEALWRIGHT_TRY(const auto known, find(connection, intent.device->ek));
    const std::string private_detail = "EK " + intent.device->ek.hex();
    if (known && known->record.state == DeviceState::revoked)
        return fail(ErrorCode::denied, "the device with this endorsement key is revoked", private_detail);
    if (known && known->record.state == DeviceState::enrolled &&
        known->record.about.identity != intent.device->identity) {
        return fail(ErrorCode::denied, "this TPM is enrolled already, under another identity",
                    private_detail + " is " + known->record.names);
    }
    SEALWRIGHT_TRY(check_renewed(connection, intent, known ? known->record.state : DeviceState::revoked));
    SEALWRIGHT_TRY(auto query, connection.query("SELECT ek FROM device WHERE identity = ?1 AND state = 1 AND ek <> ?2",
                                                intent.device->identity, intent.device->ek));
    SEALWRIGHT_TRY(const bool taken, query.step());
    if (taken)
        return fail(ErrorCode::denied,
                    "another TPM is enrolled under this identity; revoke or retire that device first",
                    private_detail + " asked for " + intent.names);
    return success();
}

Result<void> check_still_enrolled(Connection& connection, std::optional<std::int64_t> device) {
    if (!device) return success();
    SEALWRIGHT_TRY(auto query, connection.query("SELECT 1 FROM device WHERE seq = ?1 AND state = 1", *device));
    SEALWRIGHT_TRY(const bool enrolled, query.step());
    if (enrolled) return success();
    return fail(ErrorCode::conflict, "the device was revoked or retired meanwhile");
}

Result<std::int64_t> put_device(Connection& connection, const issuance::Intent& intent) {
    const auto& device = *intent.device;
    SEALWRIGHT_TRY(connection.run(
        "INSERT INTO device (ek, state, names, profile, level, ek_template, manufacturer, model, firmware, "
        "enrolled_at, "
        "last_seen_at, request, identity) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11) "
        "ON CONFLICT (ek) DO UPDATE SET enrolled_at = CASE WHEN state = 1 THEN enrolled_at ELSE excluded.enrolled_at "
        "END, "
        "state = 1, ended_at = NULL, names = excluded.names, profile = excluded.profile, level = excluded.level, "
        "ek_template = excluded.ek_template, manufacturer = excluded.manufacturer, model = excluded.model, "
        "firmware = excluded.firmware, last_seen_at = excluded.last_seen_at, request = excluded.request, identity = "
        "excluded.identity",
        device.ek, intent.names, intent.profile, static_cast<std::int64_t>(device.level), device.ek_template,
        device.manufacturer, device.model, device.firmware, intent.now, intent.request, device.identity));
    SEALWRIGHT_TRY(const auto stored, find(connection, device.ek));
    return stored->seq;
}

Result<void> check_attestation_size(const Bytes& record) {
    return check_size("the attestation's record", record.size(), kMaxAttestation);
}

Result<void> put_attestation(Connection& connection, std::int64_t request, const Bytes& record) {
    if (record.empty()) return success();
    return connection.run("INSERT OR REPLACE INTO attestation (request, record) VALUES (?1, ?2)", request, record);
}

Result<DeviceRecord> read_device(Connection& connection, const KeyId& ek, UtcTime now) {
    SEALWRIGHT_TRY(auto stored, find(connection, ek));
    if (!stored) return fail(ErrorCode::not_found, "no such device");
    SEALWRIGHT_TRY(add_certificates(connection, *stored, now));
    return std::move(stored->record);
}

Result<std::vector<DeviceRecord>> read_devices(Connection& connection, const issuance::DeviceFilter& filter) {
    SEALWRIGHT_TRY(const auto after, seq_after(connection, filter.after));
    std::optional<std::int64_t> state;
    if (filter.state) state = static_cast<std::int64_t>(*filter.state);
    SEALWRIGHT_TRY(auto query,
                   connection.query(SEALWRIGHT_DEVICE_COLUMNS
                                    "WHERE d.seq > ?1 AND (?2 IS NULL OR d.state = ?2) "
                                    "AND (?3 = '' OR instr(lower(d.names), lower(?3)) > 0) ORDER BY d.seq LIMIT ?4",
                                    after, state, filter.name_contains,
                                    static_cast<std::int64_t>(std::min(filter.limit, kMaxListed))));
    std::vector<DeviceRecord> records;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return records;
        SEALWRIGHT_TRY(auto stored, read_stored(query));
        records.push_back(std::move(stored.record));
    }
}

Result<void> end_device(Connection& connection, const KeyId& ek, DeviceState state, UtcTime now) {
    SEALWRIGHT_TRY(const auto stored, find(connection, ek));
    if (!stored) return fail(ErrorCode::not_found, "no such device");
    if (stored->record.state == state)
        return fail(ErrorCode::conflict,
                    "the device is " + std::string{issuance::device_state_name(state)} + " already");
    return connection.run("UPDATE device SET state = ?2, ended_at = ?3 WHERE seq = ?1", stored->seq,
                          static_cast<std::int64_t>(state), now);
}

Result<std::optional<KeyId>> device_of(Connection& connection, const SerialNumber& serial) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT d.ek FROM certificate c LEFT JOIN device d ON d.seq = c.device "
                                                "WHERE c.serial = ?1",
                                                serial));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::not_found, "no certificate with this serial number");
    RowReader row{query, "device"};
    auto ek = row.optional_fixed<KeyId>("ek");
    SEALWRIGHT_TRY(row.finish());
    return ek;
}

Result<Bytes> read_attestation(Connection& connection, const RequestId& request) {
    SEALWRIGHT_TRY(auto query,
                   connection.query("SELECT a.record FROM attestation a JOIN request r ON r.seq = a.request "
                                    "WHERE r.id = ?1",
                                    request));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::not_found, "the request has no attestation");
    RowReader row{query, "attestation"};
    auto record = row.blob("record", kMaxAttestation);
    SEALWRIGHT_TRY(row.finish());
    return record;
}

Result<std::vector<RequestId>> read_challenged(Connection& connection, std::string_view principal) {
    SEALWRIGHT_TRY(auto query,
                   connection.query("SELECT id FROM request WHERE state IN ('received', 'challenged', "
                                    "'awaiting_approval') AND state = 'challenged' AND principal = ?1 LIMIT ?2",
                                    principal, static_cast<std::int64_t>(kMaxListed)));
    std::vector<RequestId> ids;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return ids;
        RowReader row{query, "request"};
        ids.push_back(row.fixed<RequestId>("id"));
        SEALWRIGHT_TRY(row.finish());
    }
}

}  // namespace sealwright::store::sqlite
