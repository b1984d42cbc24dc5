#include "store/sqlite/certificates.hpp"

#include "asn1/der_reader.hpp"
#include "crypto/digest.hpp"
#include "store/sqlite/devices.hpp"
#include "store/sqlite/limits.hpp"
#include "store/sqlite/requests.hpp"
#include "store/sqlite/revocations.hpp"
#include "store/sqlite/secrets.hpp"
#include "store/sqlite/site.hpp"

namespace sealwright::store::sqlite {
namespace {

using issuance::CertificateRecord;
using issuance::CertificateState;
using issuance::OpenIntent;

// tbs_within gives the TBSCertificate's encoding inside a Certificate.
Result<ByteView> tbs_within(ByteView certificate) {
    SEALWRIGHT_TRY(const auto whole, asn1::the_only(certificate, asn1::kSequence));
    asn1::DerReader inside{whole.content};
    SEALWRIGHT_TRY(const auto tbs, inside.expect(asn1::kSequence));
    return tbs.encoding;
}

Result<void> check_sizes(const issuance::Intent& intent) {
    SEALWRIGHT_TRY(check_size("the principal", intent.principal.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the channel", intent.channel.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the peer", intent.peer.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the profile's name", intent.profile.size(), kMaxShortText));
    SEALWRIGHT_TRY(check_size("the list of names", intent.names.size(), kMaxLongText));
    SEALWRIGHT_TRY(check_size("the proof", intent.proof.size(), kMaxProof));
    return check_size("the certificate to be", intent.tbs.size(), kMaxTbs);
}

Result<void> check_serial_is_free(Connection& connection, const SerialNumber& serial) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT 1 FROM certificate WHERE serial = ?1", serial));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (found) return fail(ErrorCode::already_exists, "the serial number is taken", serial.hex());
    return success();
}

Result<void> check_intent_is_free(Connection& connection, const IntentId& intent) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT 1 FROM certificate WHERE intent = ?1 AND state = 1", intent));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (found) return fail(ErrorCode::conflict, "the intent is known already", intent.hex());
    return success();
}

// Open is what an open intent's row has for its end.
struct Open {
    std::int64_t seq = 0;
    CertificateState state{};
    IntentId intent;
    issuance::Node node;
    UtcTime lease_until{};
    Sha256 tbs_digest;
    std::optional<std::int64_t> device;
};

Result<Open> find_by_serial(Connection& connection, const SerialNumber& serial) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT seq, state, intent, node, epoch, lease_until, tbs_digest, "
                                                "device FROM certificate WHERE serial = ?1",
                                                serial));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::not_found, "no certificate with this serial number");
    RowReader row{query, "certificate"};
    Open open;
    open.seq = row.integer("seq", 1, kMaxInteger);
    open.state = static_cast<CertificateState>(row.integer("state", 1, 4));
    open.intent = row.fixed<IntentId>("intent");
    open.node.id = row.fixed<NodeId>("node");
    open.node.epoch = BootEpoch{static_cast<std::uint64_t>(row.integer("epoch", 0, kMaxInteger))};
    open.lease_until = row.time("lease_until");
    open.tbs_digest = row.fixed<Sha256>("tbs_digest");
    if (!row.next_is_null()) open.device = row.integer("device", 1, kMaxInteger);
    SEALWRIGHT_TRY(row.finish());
    return open;
}

#define SEALWRIGHT_CERTIFICATE_COLUMNS                                                                                \
    "SELECT c.serial, c.state, r.id, c.intent, i.key, c.subject_key, r.profile, r.principal, c.names, c.not_before, " \
    "c.not_after, c.intended_at, "                                                                                    \
    "c.issued_at, v.revoked_at, v.reason, v.invalidity_date, c.certificate, c.tbs, c.tbs_digest, c.renews, c.level "  \
    "FROM "                                                                                                           \
    "certificate c "                                                                                                  \
    "JOIN request r ON r.seq = c.request JOIN issuer i ON i.id = c.issuer "                                           \
    "LEFT JOIN revocation v ON v.issuer = c.issuer AND v.serial = c.serial "

// read_bodies reads certificate, tbs and tbs_digest, which must fit the state and each other.
void read_bodies(RowReader& row, CertificateRecord& record) {
    const bool issued = record.state == CertificateState::issued;
    if (!row.next_is_null()) record.certificate = row.blob("certificate", kMaxCertificate);
    if (!row.next_is_null()) record.tbs = row.blob("tbs", kMaxTbs);
    const auto digest = row.fixed<Sha256>("tbs_digest");
    if (record.certificate.empty() == issued || record.tbs.empty() != issued) {
        row.lie("certificate", "does not fit the state");
        return;
    }
    if (issued) {
        const auto tbs = tbs_within(record.certificate);
        if (!tbs) {
            row.lie("certificate", "is no certificate");
            return;
        }
        record.tbs = bytes_of(tbs.value());
    }
    if (crypto::sha256(record.tbs) != digest) row.lie("tbs_digest", "is not that of the TBS");
}

Result<CertificateRecord> read_certificate_record(const Query& query) {
    RowReader row{query, "certificate"};
    CertificateRecord record;
    record.serial = row.fixed<SerialNumber>("serial");
    record.state = static_cast<CertificateState>(row.integer("state", 1, 4));
    record.request = row.fixed<RequestId>("request");
    record.intent = row.fixed<IntentId>("intent");
    record.issuer_key = row.fixed<KeyId>("issuer");
    record.subject_key = row.fixed<KeyId>("subject_key");
    record.profile = row.text("profile", kMaxShortText);
    record.principal = row.text("principal", kMaxShortText);
    record.names = row.text("names", kMaxLongText);
    record.not_before = row.time("not_before");
    record.not_after = row.time("not_after");
    record.intended_at = row.time("intended_at");
    record.issued_at = row.optional_time("issued_at");
    record.revocation = read_revocation(row);
    read_bodies(row, record);
    record.renews = row.optional_fixed<SerialNumber>("renews");
    if (!row.next_is_null()) record.level = static_cast<attestation::Level>(row.integer("level", 1, 3));
    if (record.issued_at.has_value() != (record.state == CertificateState::issued))
        row.lie("issued_at", "does not fit the state");
    auto sound = row.finish();
    if (!sound)
        return fail(sound.error().code(), sound.error().public_detail(),
                    sound.error().private_detail() + " (serial " + record.serial.hex() + ")");
    return record;
}

Result<std::int64_t> seq_after(Connection& connection, const std::optional<SerialNumber>& after) {
    if (!after) return std::int64_t{0};
    SEALWRIGHT_TRY(const auto last, find_by_serial(connection, *after));
    return last.seq;
}

}  // namespace

Result<void> intend(Connection& connection, const issuance::Intent& intent) {
    SEALWRIGHT_TRY(check_sizes(intent));
    SEALWRIGHT_TRY(check_serial_is_free(connection, intent.serial));
    SEALWRIGHT_TRY(check_intent_is_free(connection, intent.id));
    std::optional<std::int64_t> resumed;
    if (intent.resumes_request) {
        SEALWRIGHT_TRY(resumed,
                       check_resumable(connection, intent.request, issuance::RequestState::intended, intent.from));
    } else {
        SEALWRIGHT_TRY(check_unknown(connection, intent.request));
    }
    if (intent.secret_id) {
        // A request that had to wait was made in time.
        const UtcTime shown_at = intent.resumes_request ? intent.received_at : intent.now;
        SEALWRIGHT_TRY(check_usable(connection, *intent.secret_id, shown_at));
    }
    SEALWRIGHT_TRY(check_identity(connection, intent));
    SEALWRIGHT_TRY(const auto last, connection.number("SELECT coalesce(max(seq), 0) FROM certificate"));

    // From here on it writes: nothing may be refused any more.
    if (intent.secret_id) {
        SEALWRIGHT_TRY(use_secret(connection, *intent.secret_id, intent.request, intent.now));
    }
    SEALWRIGHT_TRY(const auto issuer, issuer_of(connection, intent.issuer_key));
    const std::int64_t seq = last + 1;
    SEALWRIGHT_TRY(const auto request, put_intended(connection, intent, resumed, seq));
    std::optional<std::int64_t> device, level;
    if (intent.device) {
        level = static_cast<std::int64_t>(intent.device->level);
        SEALWRIGHT_TRY(device, put_device(connection, intent));
        SEALWRIGHT_TRY(put_attestation(connection, request, intent.attestation));
    }
    return connection.run(
        "INSERT INTO certificate (seq, serial, state, request, intent, node, epoch, lease_until, issuer, subject_key, "
        "profile_digest, "
        "tbs_digest, not_before, not_after, intended_at, renews, names, tbs, device, level) "
        "VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        seq, intent.serial, request, intent.id, intent.node.id, static_cast<std::int64_t>(intent.node.epoch.value()),
        intent.lease_until, issuer, intent.subject_key, intent.profile_digest, intent.tbs_digest, intent.not_before,
        intent.not_after, intent.now, intent.renews, intent.names, intent.tbs, device, level);
}

Result<Sha256> tbs_digest_of(ByteView certificate) {
    SEALWRIGHT_TRY(check_size("the certificate", certificate.size(), kMaxCertificate));
    SEALWRIGHT_TRY(const auto tbs, tbs_within(certificate));
    return crypto::sha256(tbs);
}

Result<void> complete(Connection& connection, const issuance::Completion& completion, const Sha256& tbs_digest) {
    SEALWRIGHT_TRY(const auto open, find_by_serial(connection, completion.serial));
    if (open.intent != completion.intent)
        return fail(ErrorCode::conflict, "the serial number belongs to another intent");
    if (open.state != CertificateState::intended) {
        return fail(ErrorCode::conflict,
                    "the intent is settled: " + std::string{issuance::certificate_state_name(open.state)});
    }
    if (open.node.id != completion.node.id || open.node.epoch != completion.node.epoch) {
        return fail(ErrorCode::conflict, "the intent belongs to another node or boot");
    }
    if (completion.now > open.lease_until)
        return fail(ErrorCode::conflict, "the lease of the intent is over", to_rfc3339(open.lease_until));
    if (open.tbs_digest != tbs_digest)
        return fail(ErrorCode::conflict, "the certificate is not the one that was intended");
    SEALWRIGHT_TRY(check_still_enrolled(connection, open.device));
    return connection.run(
        "UPDATE certificate SET state = 2, issued_at = ?2, certificate = ?3, tbs = NULL WHERE seq = ?1", open.seq,
        completion.now, completion.certificate.bytes());
}

Result<void> settle(Connection& connection, const IntentId& intent, issuance::Settlement settlement, UtcTime now,
                    std::uint64_t history) {
    SEALWRIGHT_TRY(
        auto query,
        connection.query("SELECT seq, issuer, serial, not_after FROM certificate WHERE intent = ?1 AND state = 1",
                         intent));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::conflict, "the intent is not open", intent.hex());
    RowReader row{query, "certificate"};
    const std::int64_t seq = row.integer("seq", 1, kMaxInteger);
    RevokedCertificate certificate;
    certificate.issuer = row.integer("issuer", 1, kMaxInteger);
    certificate.serial = row.fixed<SerialNumber>("serial");
    certificate.not_after = row.time("not_after");
    SEALWRIGHT_TRY(row.finish());

    const bool abandoned = settlement == issuance::Settlement::abandoned;
    const auto state = abandoned ? CertificateState::abandoned : CertificateState::indeterminate;
    SEALWRIGHT_TRY(
        connection.run("UPDATE certificate SET state = ?2 WHERE seq = ?1", seq, static_cast<std::int64_t>(state)));
    if (abandoned) return success();
    return put_revocation(connection, certificate, {now, x509::RevocationReason::unspecified, {}}, history);
}

// Each number comes from an index that holds few rows or narrow ones: the wide rows of a million certificates are not
// read.
Result<issuance::CaStore::Counts> read_counts(Connection& connection) {
    SEALWRIGHT_TRY(const auto all, connection.number("SELECT count(*) FROM certificate"));
    SEALWRIGHT_TRY(const auto open, connection.number("SELECT count(*) FROM certificate WHERE state = 1"));
    SEALWRIGHT_TRY(const auto never_issued, connection.number("SELECT count(*) FROM certificate WHERE state > 2"));
    SEALWRIGHT_TRY(const auto revoked, connection.number("SELECT count(*) FROM revocation"));
    return issuance::CaStore::Counts{.issued = static_cast<std::uint64_t>(all - open - never_issued),
                                     .revoked = static_cast<std::uint64_t>(revoked),
                                     .open_intents = static_cast<std::uint64_t>(open)};
}

Result<std::vector<OpenIntent>> read_open_intents(Connection& connection, const issuance::Node& node, UtcTime now) {
    SEALWRIGHT_TRY(
        auto query,
        connection.query(
            "SELECT c.intent, c.serial, r.id, c.node, c.epoch, c.lease_until, i.key, c.tbs_digest FROM certificate c "
            "JOIN request r ON r.seq = c.request JOIN issuer i ON i.id = c.issuer "
            "WHERE c.state = 1 AND ((c.node = ?1 AND c.epoch < ?2) OR c.lease_until < ?3) ORDER BY c.seq",
            node.id, static_cast<std::int64_t>(node.epoch.value()), now));
    std::vector<OpenIntent> intents;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) return intents;
        RowReader row{query, "certificate"};
        OpenIntent open;
        open.id = row.fixed<IntentId>("intent");
        open.serial = row.fixed<SerialNumber>("serial");
        open.request = row.fixed<RequestId>("request");
        open.node.id = row.fixed<NodeId>("node");
        open.node.epoch = BootEpoch{static_cast<std::uint64_t>(row.integer("epoch", 0, kMaxInteger))};
        open.lease_until = row.time("lease_until");
        open.issuer_key = row.fixed<KeyId>("issuer");
        open.tbs_digest = row.fixed<Sha256>("tbs_digest");
        SEALWRIGHT_TRY(row.finish());
        intents.push_back(open);
    }
}

Result<CertificateRecord> read_certificate(Connection& connection, const SerialNumber& serial) {
    SEALWRIGHT_TRY(auto query, connection.query(SEALWRIGHT_CERTIFICATE_COLUMNS "WHERE c.serial = ?1", serial));
    SEALWRIGHT_TRY(const bool found, query.step());
    if (!found) return fail(ErrorCode::not_found, "no certificate with this serial number");
    return read_certificate_record(query);
}

Result<std::vector<CertificateRecord>> read_certificates(Connection& connection,
                                                         const issuance::CertificateFilter& filter) {
    SEALWRIGHT_TRY(const auto after, seq_after(connection, filter.after));
    std::optional<std::int64_t> state, revoked;
    if (filter.state) state = static_cast<std::int64_t>(*filter.state);
    if (filter.revoked) revoked = *filter.revoked ? 1 : 0;
    SEALWRIGHT_TRY(
        auto query,
        connection.query(
            SEALWRIGHT_CERTIFICATE_COLUMNS
            "WHERE c.seq > ?1 AND (?2 IS NULL OR c.state = ?2) AND (?3 IS NULL OR (v.serial IS NOT NULL) = ?3) "
            "AND (?4 = '' OR instr(lower(c.names), lower(?4)) > 0) AND (?5 = '' OR r.profile = ?5) "
            "AND (?6 IS NULL OR c.not_after < ?6) ORDER BY c.seq LIMIT ?7",
            after, state, revoked, filter.name_contains, filter.profile, filter.expires_before,
            static_cast<std::int64_t>(std::min(filter.limit, kMaxListed))));
    std::vector<CertificateRecord> records;
    std::size_t octets = 0;
    while (octets < issuance::kMaxListedOctets) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found) break;
        SEALWRIGHT_TRY(auto record, read_certificate_record(query));
        octets += issuance::listed_octets(record);
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace sealwright::store::sqlite
