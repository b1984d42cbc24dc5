#include "issuance/adoption.hpp"

#include "crypto/digest.hpp"
#include "issuance/audit_events.hpp"
#include "issuance/listed_names.hpp"
#include "issuance/serial.hpp"

namespace sealwright::issuance {
namespace {

// What stands where a request has its sender.
constexpr std::string_view kCeremony = "ceremony";

Intent intent_of(const Authority& authority, const Node& node, const x509::Certificate& certificate,
                 const SerialNumber& serial, UtcTime now, crypto::Random& random) {
    const auto& fields = certificate.fields();
    Intent intent;
    intent.id = crypto::random_id<IntentId>(random);
    intent.request = crypto::random_id<RequestId>(random);
    intent.node = node;
    intent.lease_until = now;
    intent.received_at = now;
    intent.principal = kCeremony;
    intent.channel = kCeremony;
    intent.profile = kCeremony;
    intent.serial = serial;
    intent.issuer_key = authority.key.id();
    intent.tbs = bytes_of(certificate.tbs());
    intent.tbs_digest = crypto::sha256(certificate.tbs());
    intent.subject = NameDer{fields.subject_der.bytes()};
    intent.names = listed_names(fields.subject_der.view(), fields.extensions);
    intent.subject_key = crypto::key_id(fields.spki);
    intent.not_before = fields.not_before;
    intent.not_after = fields.not_after;
    intent.now = now;
    return intent;
}

}  // namespace

Result<bool> adopt(CaStore& store, const Authority& authority, const Node& node, const x509::Certificate& certificate,
                   UtcTime now, crypto::Random& random) {
    const auto& fields = certificate.fields();
    const auto serial = serial_from_integer(fields.serial);
    if (!serial) return fail(ErrorCode::denied, "the certificate has no serial number of this CA");
    const auto known = store.certificate(*serial);
    if (known && equal(known.value().certificate, certificate.der().view())) return false;
    if (known)
        return fail(ErrorCode::denied, "the serial number belongs to another certificate", "serial " + serial->hex());
    if (known.error().code() != ErrorCode::not_found) return known.error();
    if (auto holds = certificate.verify_signature(authority.key); !holds)
        return fail(ErrorCode::denied, "the certificate is not signed by this CA", holds.error().describe());

    const Intent intent = intent_of(authority, node, certificate, *serial, now, random);
    Events record;
    record.push_back(EventMaker{node}.make(audit::EventKind::certificate_adopted, now, kDaemonActor,
                                           {{"certificate_sha256", crypto::sha256(certificate.der().view()).hex()},
                                            {"issuer_key", intent.issuer_key.hex()},
                                            {"names", intent.names},
                                            {"not_after", to_rfc3339(intent.not_after)},
                                            {"not_before", to_rfc3339(intent.not_before)},
                                            {"serial", serial->hex()},
                                            {"subject_key", intent.subject_key.hex()}}));
    SEALWRIGHT_TRY(store.adopt(intent, certificate.der(), std::move(record)));
    return true;
}

}  // namespace sealwright::issuance
