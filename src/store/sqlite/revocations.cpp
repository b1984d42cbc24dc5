#include "store/sqlite/revocations.hpp"

#include "store/sqlite/limits.hpp"

namespace sealwright::store::sqlite {
namespace {

using issuance::CertificateState;
using issuance::Revocation;
using x509::RevocationReason;

// A revocation that was asked for before thisUpdate may have been committed after the CRL was put together. Only one
// that is older than this is taken to have been carried by it, so that no certificate leaves the list before it was on
// it.
constexpr std::int64_t kCarrySlack = 600;

bool is_storable(std::int64_t reason) noexcept {
    return (reason >= 0 && reason <= 6) || reason == 9 ||
           reason == 10;  // 7 is not used, 8 (removeFromCRL) is of delta CRLs
}

// Subject is a certificate with what is known of its status.
struct Subject {
    RevokedCertificate certificate;
    CertificateState state{};
    std::optional<Revocation> revocation;
};

Result<Subject> find_subject(Connection& connection, const SerialNumber& serial) {
    SEALWRIGHT_TRY(
        auto query,
        connection.query(
            "SELECT c.issuer, c.not_after, c.state, v.revoked_at, v.reason, v.invalidity_date FROM certificate c "
            "LEFT JOIN revocation v ON v.issuer = c.issuer AND v.serial = c.serial WHERE c.serial = ?1",
            serial));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::not_found, "no certificate with this serial number");
    RowReader row{query, "certificate"};
    Subject subject;
    subject.certificate.serial = serial;
    subject.certificate.issuer = row.integer("issuer", 1, kMaxInteger);
    subject.certificate.not_after = row.time("not_after");
    subject.state = static_cast<CertificateState>(row.integer("state", 1, 4));
    subject.revocation = read_revocation(row);
    SEALWRIGHT_TRY(row.finish());
    return subject;
}

Result<void> add_change(Connection& connection, const SerialNumber& serial, std::uint64_t history) {
    SEALWRIGHT_TRY(connection.run("INSERT INTO status_change (serial) VALUES (?1)", serial));
    // The newest row is never deleted, so counters are never given twice.
    const std::int64_t kept =
        static_cast<std::int64_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(history, 1), kMaxInteger));
    return connection.run("DELETE FROM status_change WHERE counter <= ?1", connection.last_insert_rowid() - kept);
}

}  // namespace

std::optional<Revocation> read_revocation(RowReader& row) {
    if (row.next_is_null()) {
        (void)row.next_is_null();
        (void)row.next_is_null();
        return std::nullopt;
    }
    Revocation revocation;
    revocation.at = row.time("revoked_at");
    const std::int64_t reason = row.integer("reason", 0, 10);
    if (!is_storable(reason)) row.lie("reason", "no reason that is stored");
    revocation.reason = static_cast<RevocationReason>(reason);
    revocation.invalidity_date = row.optional_time("invalidity_date");
    return revocation;
}

Result<void> put_revocation(Connection& connection, const RevokedCertificate& certificate, const Revocation& revocation,
                            std::uint64_t history) {
    SEALWRIGHT_TRY(connection.run(
        "INSERT INTO revocation (issuer, serial, revoked_at, reason, invalidity_date, not_after) VALUES (?1, ?2, ?3, "
        "?4, ?5, ?6) "
        "ON CONFLICT (issuer, serial) DO UPDATE SET revoked_at = excluded.revoked_at, reason = excluded.reason, "
        "invalidity_date = excluded.invalidity_date",
        certificate.issuer, certificate.serial, revocation.at, static_cast<std::int64_t>(revocation.reason),
        revocation.invalidity_date, certificate.not_after));
    return add_change(connection, certificate.serial, history);
}

Result<void> revoke(Connection& connection, const SerialNumber& serial, const Revocation& revocation,
                    std::uint64_t history) {
    if (!is_storable(static_cast<std::int64_t>(revocation.reason)))
        return fail(ErrorCode::malformed, "no reason for a revocation");
    SEALWRIGHT_TRY(const auto subject, find_subject(connection, serial));
    if (subject.revocation) {
        const bool held = subject.revocation->reason == RevocationReason::certificate_hold;
        if (held && revocation.reason == RevocationReason::certificate_hold)
            return fail(ErrorCode::conflict, "the certificate is on hold already");
        if (!held) return fail(ErrorCode::conflict, "the certificate is revoked already");
    } else if (subject.state != CertificateState::issued) {
        return fail(
            ErrorCode::conflict,
            "the certificate is " + std::string{issuance::certificate_state_name(subject.state)} + ", not issued");
    }
    return put_revocation(connection, subject.certificate, revocation, history);
}

Result<void> release(Connection& connection, const SerialNumber& serial, std::uint64_t history) {
    SEALWRIGHT_TRY(const auto subject, find_subject(connection, serial));
    if (!subject.revocation || subject.revocation->reason != RevocationReason::certificate_hold) {
        return fail(ErrorCode::conflict, "the certificate is not on hold");
    }
    SEALWRIGHT_TRY(
        connection.run("DELETE FROM revocation WHERE issuer = ?1 AND serial = ?2", subject.certificate.issuer, serial));
    return add_change(connection, serial, history);
}

Result<issuance::Status> read_status(Connection& connection, const KeyId& issuer, const SerialNumber& serial) {
    SEALWRIGHT_TRY(
        auto query,
        connection.query(
            "SELECT c.state, c.not_after, v.revoked_at, v.reason, v.invalidity_date FROM certificate c "
            "JOIN issuer i ON i.id = c.issuer "
            "LEFT JOIN revocation v ON v.issuer = c.issuer AND v.serial = c.serial WHERE c.serial = ?1 AND i.key = ?2",
            serial, issuer));
    SEALWRIGHT_TRY(const bool found, query.step());
    issuance::Status status = issuance::StatusUnknown{};
    if (!found) return status;
    RowReader row{query, "certificate"};
    const auto state = static_cast<CertificateState>(row.integer("state", 1, 4));
    const UtcTime not_after = row.time("not_after");
    const auto revocation = read_revocation(row);
    SEALWRIGHT_TRY(row.finish());
    if (revocation) {
        status = issuance::StatusRevoked{*revocation};
    } else if (state == CertificateState::indeterminate) {
        // Settling writes both in one transaction: the row of its revocation is missing.
        return fail(ErrorCode::storage, "a record in the store is damaged",
                    "an indeterminate certificate that is not revoked: " + serial.hex());
    } else if (state == CertificateState::issued) {
        status = issuance::StatusGood{not_after};
    }
    return status;
}

Result<void> visit_revoked(Connection& connection, const KeyId& issuer, UtcTime now,
                           const std::function<void(const x509::CrlEntry&)>& visit) {
    SEALWRIGHT_TRY(
        auto query,
        connection.query("SELECT v.serial, v.revoked_at, v.reason, v.invalidity_date FROM issuer i JOIN revocation v "
                         "ON v.issuer = i.id "
                         "WHERE i.key = ?1 AND (i.crl_this_update IS NULL OR v.not_after >= min(i.crl_this_update, ?2) "
                         "OR v.revoked_at + ?3 >= i.crl_this_update) ORDER BY v.serial",
                         issuer, now, kCarrySlack));
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return success();
        RowReader row{query, "revocation"};
        x509::CrlEntry entry;
        entry.serial = row.fixed<SerialNumber>("serial");
        const auto revocation = read_revocation(row);
        if (!revocation) row.lie("revoked_at", "is NULL");
        SEALWRIGHT_TRY(row.finish());
        entry.revoked_at = revocation->at;
        entry.reason = revocation->reason;
        entry.invalidity_date = revocation->invalidity_date;
        visit(entry);
    }
}

Result<issuance::CaStore::Changes> read_changes(Connection& connection, std::uint64_t counter) {
    issuance::CaStore::Changes changes;
    SEALWRIGHT_TRY(const auto newest, connection.number("SELECT coalesce(max(counter), 0) FROM status_change"));
    SEALWRIGHT_TRY(const auto oldest, connection.number("SELECT coalesce(min(counter), 1) FROM status_change"));
    changes.counter = static_cast<std::uint64_t>(newest);
    // What was pruned is unknown, and so is what a store that was put back to an older state has forgotten.
    if (counter > changes.counter || counter + 1 < static_cast<std::uint64_t>(oldest)) {
        changes.overflow = true;
        return changes;
    }
    SEALWRIGHT_TRY(auto query, connection.query("SELECT serial FROM status_change WHERE counter > ?1 ORDER BY counter",
                                                static_cast<std::int64_t>(counter)));
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return changes;
        RowReader row{query, "status_change"};
        changes.serials.push_back(row.fixed<SerialNumber>("serial"));
        SEALWRIGHT_TRY(row.finish());
    }
}

}  // namespace sealwright::store::sqlite
